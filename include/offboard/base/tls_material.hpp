#pragma once

#include "offboard/base/secret.hpp"

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;

namespace offboard {

/// Whether who connects over TLS has to show a certificate. `optional`: one that is shown must be good.
enum class client_certificates { none, optional, required };

/// What a TLS server shows and asks for. PEM texts, not paths: what was read and checked is what is used. It
/// stands in this room because the configuration checks it and the server uses it, and neither may see the
/// other.
struct tls_material {
    std::string certificates; ///< the server's own first, then what leads to an authority clients trust
    secret key;               ///< of the first certificate, without a password
    std::string client_ca;    ///< whose certificates of clients are good; empty with `none`
    client_certificates clients = client_certificates::none;
};

/// What is wrong with it, without repeating any of it.
struct tls_fault {
    enum class part { certificates, key, client_ca } where = part::certificates;
    std::string_view why; ///< completes "the file …"; lives for ever
};

struct tls_context_deleter {
    void operator()(ssl_ctx_st*) const noexcept;
};
using tls_context = std::unique_ptr<ssl_ctx_st, tls_context_deleter>;

/// The OpenSSL context of a server with that material: TLS 1.2 and 1.3, forward secrecy and authenticated
/// ciphers only, security level 2 or what the system asks beyond, no compression, no renegotiation, ALPN
/// `http/1.1` and no other. Null, with `fault` set, when the material cannot be used.
///
/// A client's certificate says that it may connect, and nothing about who calls: its names are not read.
tls_context make_tls_context(const tls_material&, tls_fault& fault);

} // namespace offboard
