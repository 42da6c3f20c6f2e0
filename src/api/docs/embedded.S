// The page's files, copied into the program as they are; embedded.cpp names them to C++. As literals two megabytes
// would keep the compiler for minutes.
        .macro  embed name, file
        .globl  \name, \name\()_size
        .hidden \name, \name\()_size
\name:
        .incbin "\file"
1:
        .balign 8
\name\()_size:
        .quad   1b - \name
        .endm

        .section .rodata
        .balign 8
        embed   docs_page_html, "page.html"
        embed   docs_page_js, "page.js"
        embed   docs_page_css, "page.css"
        embed   docs_viewer_js, "swagger-ui/swagger-ui-bundle.js.gz"
        embed   docs_viewer_css, "swagger-ui/swagger-ui.css.gz"
        embed   docs_viewer_licences, "swagger-ui/licences.txt"

        .section .note.GNU-stack, "", %progbits
