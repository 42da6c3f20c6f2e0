#include "file.hpp"

#include "offboard/config/read_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

namespace offboard::config {

namespace {

constexpr std::size_t longest_ca_bundle = 1u << 20; ///< Debian's of all public roots has a fifth of it

struct freed {
    void operator()(BIO* p) const noexcept { BIO_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
};

/// Every certificate in the text can be read, and there is one.
bool holds_certificates(const std::string& text) {
    const std::unique_ptr<BIO, freed> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!in) return false;
    bool any = false;
    while (const std::unique_ptr<X509, freed> one{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)})
        any = true;
    const unsigned long end = ERR_peek_last_error();
    ERR_clear_error();
    return any && ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
}

} // namespace

std::optional<std::string> read_file(section& in, std::string_view name, std::size_t most) {
    std::string path;
    if (!in.read_text(name, path)) return std::nullopt;
    file_text read = read_file(path, most, in.out().being_read);
    if (read.text)
        in.out().read_from(in.key_of(name), *read.text);
    else
        in.fault(name, std::move(read.why));
    return std::move(read.text);
}

void read_certificates(section& in, std::string_view name, std::string& into) {
    auto text = read_file(in, name, longest_ca_bundle);
    if (!text) return;
    if (text->size() > longest_ca_bundle)
        in.fault(name, "the file is longer than 1 MiB");
    else if (!holds_certificates(*text))
        in.fault(name, "the file must hold certificates in PEM");
    else
        into = std::move(*text);
}

} // namespace offboard::config
