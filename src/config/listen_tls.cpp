#include "readers.hpp"

#include "file.hpp"
#include "scalar.hpp"

#include <algorithm>
#include <array>

namespace offboard::config {

namespace {

constexpr std::size_t longest_key = 64u << 10;
constexpr std::size_t longest_bundle = 1u << 20; ///< all public authorities are a quarter of that

struct file_key {
    std::string_view name;
    std::string text;
    bool read = false; ///< the file is there and not too long
};

file_key read_pem(section& in, std::string_view name, std::size_t longest) {
    file_key out{name, {}, false};
    auto text = read_file(in, name, longest);
    if (!text) return out;
    if (text->size() > longest)
        in.fault(name, "the file must have at most " + show_size(longest));
    else
        out.read = true;
    out.text = std::move(*text);
    return out;
}

file_key require_pem(section& in, std::string_view name, std::size_t longest) {
    if (in.has(name)) return read_pem(in, name, longest);
    in.missing(name, "is required");
    return {name, {}, false};
}

bool read_client_certificates(section& in, client_certificates& into) {
    static constexpr std::array<std::string_view, 3> words = {"none", "optional", "required"};
    std::string word;
    if (!in.has("client_certificates")) return true;
    if (!in.read_text("client_certificates", word)) return false;
    const auto* const found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) {
        in.fault("client_certificates", "must be none, optional or required");
        return false;
    }
    into = static_cast<client_certificates>(found - words.begin());
    return true;
}

} // namespace

void read_listen_tls(section& root, settings& into) {
    section in = root.sub("listen_tls");
    if (!in.present()) return;
    tls_material out;
    file_key certificates = require_pem(in, "certificate_file", longest_bundle);
    file_key key = require_pem(in, "key_file", longest_key);
    file_key authorities = read_pem(in, "client_ca_file", longest_bundle);
    const bool clear = read_client_certificates(in, out.clients);
    const bool asks = out.clients != client_certificates::none;
    if (asks && !in.has("client_ca_file"))
        in.fault("client_certificates", "needs client_ca_file: whose certificates are good");
    if (clear && !asks && in.has("client_ca_file"))
        in.fault("client_ca_file", "has no use while client_certificates is none");
    in.close();

    out.certificates = std::move(certificates.text);
    out.key = secret(std::move(key.text));
    out.client_ca = std::move(authorities.text);
    if (!certificates.read || !key.read || (asks && !authorities.read)) return;
    tls_fault found;
    if (!make_tls_context(out, found)) {
        const std::array<std::string_view, 3> names = {certificates.name, key.name, authorities.name};
        return in.fault(names[static_cast<std::size_t>(found.where)], "the file " + std::string(found.why));
    }
    into.listen_tls = std::move(out);
}

} // namespace offboard::config
