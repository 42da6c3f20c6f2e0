#include "embedded.hpp"

#include <array>
#include <cstdint>

extern "C" {
extern const char docs_page_html[], docs_page_js[], docs_page_css[];
extern const char docs_viewer_js[], docs_viewer_css[], docs_viewer_licences[];
extern const std::uint64_t docs_page_html_size, docs_page_js_size, docs_page_css_size;
extern const std::uint64_t docs_viewer_js_size, docs_viewer_css_size, docs_viewer_licences_size;
}

namespace offboard::api {

std::span<const embedded_file> embedded_files() noexcept {
    constexpr bool gzip = true, versioned = true;
    static const std::array<embedded_file, 6> files{{
        {"/docs", "text", "html", {docs_page_html, docs_page_html_size}},
        {"/docs/page.js", "text", "javascript", {docs_page_js, docs_page_js_size}},
        {"/docs/page.css", "text", "css", {docs_page_css, docs_page_css_size}},
        {"/docs/swagger-ui-" SWAGGER_UI_VERSION ".js",
         "text",
         "javascript",
         {docs_viewer_js, docs_viewer_js_size},
         gzip,
         versioned},
        {"/docs/swagger-ui-" SWAGGER_UI_VERSION ".css",
         "text",
         "css",
         {docs_viewer_css, docs_viewer_css_size},
         gzip,
         versioned},
        {"/docs/swagger-ui-" SWAGGER_UI_VERSION ".licences.txt",
         "text",
         "plain",
         {docs_viewer_licences, docs_viewer_licences_size},
         !gzip,
         versioned},
    }};
    return files;
}

} // namespace offboard::api
