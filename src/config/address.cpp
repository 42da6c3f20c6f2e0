#include "address.hpp"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace offboard::config {

namespace urls = boost::urls;

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || ec != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return port;
}

/// Labels of letters, digits, `-` and `_`, with dots between them. Percent-encoding has no place in a host.
bool is_host_name(std::string_view host) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
           host.find("..") == std::string_view::npos && std::all_of(host.begin(), host.end(), fits);
}

std::string to_lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// One server resolves dot segments and the next does not: the path of a call would be uncertain.
bool is_clean_path(std::string_view path) {
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        if (segment.empty() || segment == "." || segment == ".." ||
            segment.find('%') != std::string_view::npos)
            return false;
        path.remove_prefix(segment.size());
    }
    return true;
}

struct host {
    std::string text; ///< without brackets
    bool loopback = false;
    bool brackets = false;
};

std::optional<host> read_host(const urls::url_view& url) {
    host out;
    if (url.host_type() == urls::host_type::ipv4) {
        const auto address = url.host_ipv4_address();
        out.text = address.to_string();
        out.loopback = address.is_loopback();
    } else if (url.host_type() == urls::host_type::ipv6) {
        const auto address = url.host_ipv6_address();
        out.text = address.to_string();
        out.loopback = address.is_loopback();
        out.brackets = true;
    } else {
        out.text = to_lower(std::string(url.encoded_host()));
        out.loopback = out.text == "localhost";
        if (!is_host_name(out.text)) return std::nullopt;
    }
    return out;
}

} // namespace

std::optional<endpoint> parse_endpoint(std::string_view text, std::string_view& why) {
    why = "must be a numeric address and a port, as in 127.0.0.1:8080 or [::1]:8080";
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view address = text.substr(0, colon);
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return std::nullopt;
    endpoint out;
    out.port = *port;
    if (address.starts_with('[') && address.ends_with(']')) {
        const auto v6 = urls::parse_ipv6_address(address.substr(1, address.size() - 2));
        if (!v6) return std::nullopt;
        out.address = v6->to_string();
        out.loopback = v6->is_loopback();
        return out;
    }
    const auto v4 = urls::parse_ipv4_address(address);
    if (!v4) return std::nullopt;
    out.address = v4->to_string();
    out.loopback = v4->is_loopback();
    return out;
}

namespace {

std::optional<base_url> parse_url(std::string_view text, bool plain_anywhere, std::string_view& why) {
    why = "must be a URL of the form https://host[:port][/prefix]";
    const auto parsed = urls::parse_uri(text);
    if (!parsed || !parsed->has_authority()) return std::nullopt;
    const urls::url_view url = *parsed;
    const std::string scheme = to_lower(std::string(url.scheme()));
    if (scheme != "https" && scheme != "http") return std::nullopt;
    if (url.has_userinfo()) {
        why = "must not hold a user or a password";
        return std::nullopt;
    }
    if (url.has_query() || url.has_fragment()) {
        why = "must not hold a query or a fragment";
        return std::nullopt;
    }
    const auto host = read_host(url);
    if (!host) {
        why = "must name a host or a numeric address";
        return std::nullopt;
    }
    base_url out;
    // Boost.URL 1.81 takes "127.0.0.1.example" for the host 127.0.0.1 and a path that begins with a dot.
    out.path = std::string(url.encoded_path());
    if (!out.path.empty() && out.path.front() != '/') {
        why = "must name a host or a numeric address";
        return std::nullopt;
    }
    out.tls = scheme == "https";
    if (!out.tls && !host->loopback && !plain_anywhere) {
        why = "must be https://; http:// is accepted for loopback only";
        return std::nullopt;
    }
    out.host = host->text;
    out.port = out.tls ? 443 : 80;
    if (url.has_port()) {
        const auto port = parse_port(std::string_view(url.port().data(), url.port().size()));
        if (!port || *port == 0) {
            why = "must have a port from 1 to 65535, or none";
            return std::nullopt;
        }
        out.port = *port;
    }
    if (out.path.ends_with('/')) out.path.pop_back();
    if (!is_clean_path(out.path)) {
        why = "must have a plain path: no empty or dot segments, nothing percent-encoded";
        return std::nullopt;
    }
    out.text = scheme + "://" + (host->brackets ? "[" + host->text + "]" : host->text);
    if (out.port != (out.tls ? 443 : 80)) out.text += ":" + std::to_string(out.port);
    out.text += out.path;
    return out;
}

} // namespace

std::optional<base_url> parse_base_url(std::string_view text, std::string_view& why) {
    return parse_url(text, false, why);
}

std::optional<base_url> parse_public_url(std::string_view text, std::string_view& why) {
    return parse_url(text, true, why);
}

} // namespace offboard::config
