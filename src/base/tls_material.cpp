#include "offboard/base/tls_material.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <limits>
#include <optional>
#include <vector>

namespace offboard {

namespace {

struct freed {
    void operator()(BIO* p) const noexcept { BIO_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
};
using bio_ptr = std::unique_ptr<BIO, freed>;
using certificate_ptr = std::unique_ptr<X509, freed>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed>;

constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

bio_ptr reader_of(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
    return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// All certificates of a PEM text; nothing when there is none, or when one is broken.
std::vector<certificate_ptr> certificates_in(std::string_view pem) {
    std::vector<certificate_ptr> out;
    const bio_ptr from = reader_of(pem);
    ERR_clear_error();
    while (from) {
        certificate_ptr one(PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr));
        if (!one) break;
        out.push_back(std::move(one));
    }
    // The end of the text is told as the lack of another beginning.
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) out.clear();
    ERR_clear_error();
    return out;
}

/// OpenSSL would ask at the terminal otherwise.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

key_ptr key_in(const secret& pem, bool& encrypted) {
    const bio_ptr from = reader_of(pem.reveal());
    key_ptr out(from ? PEM_read_bio_PrivateKey(from.get(), nullptr, no_password, &encrypted) : nullptr);
    ERR_clear_error();
    return out;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, http_1_1, sizeof http_1_1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

bool set_rules(SSL_CTX* context) {
    constexpr unsigned char sessions[] = "offboard";
    if (SSL_CTX_get_security_level(context) < 2) SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    // Sessions are resumed by tickets, whose keys die with the context: new material, new handshakes.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set_session_id_context(context, sessions, sizeof sessions - 1) == 1;
}

using part = tls_fault::part;

std::optional<tls_fault> present(SSL_CTX* context, const tls_material& from) {
    std::vector<certificate_ptr> chain = certificates_in(from.certificates);
    if (chain.empty()) return tls_fault{part::certificates, "must hold certificates in PEM, its own first"};
    bool encrypted = false;
    const key_ptr key = key_in(from.key, encrypted);
    if (encrypted) return tls_fault{part::key, "holds an encrypted key: it must be without a password"};
    if (!key) return tls_fault{part::key, "must hold a private key in PEM"};
    if (X509_check_private_key(chain.front().get(), key.get()) != 1)
        return tls_fault{part::key, "holds a key that does not match the first certificate"};
    const tls_fault weak{part::certificates,
                         "holds a certificate whose key or signature has less than 112 bits of strength"};
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) return weak;
    for (std::size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return weak;
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return tls_fault{part::key, "holds a key of a kind that TLS does not use"};
    return std::nullopt;
}

std::optional<tls_fault> ask(SSL_CTX* context, const tls_material& from) {
    if (from.clients == client_certificates::none) return std::nullopt;
    const std::vector<certificate_ptr> authorities = certificates_in(from.client_ca);
    if (authorities.empty()) return tls_fault{part::client_ca, "must hold certificates in PEM"};
    for (const certificate_ptr& one : authorities)
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get()) != 1 ||
            SSL_CTX_add_client_CA(context, one.get()) != 1)
            return tls_fault{part::client_ca, "holds a certificate that cannot be used"};
    const int must = from.clients == client_certificates::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | must, nullptr);
    return std::nullopt;
}

} // namespace

void tls_context_deleter::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}

tls_context make_tls_context(const tls_material& from, tls_fault& fault) {
    tls_context out(SSL_CTX_new(TLS_server_method()));
    std::optional<tls_fault> found;
    if (!out || !set_rules(out.get()))
        found = tls_fault{part::certificates, "cannot be used: this system's OpenSSL has no TLS to offer"};
    if (!found) found = present(out.get(), from);
    if (!found) found = ask(out.get(), from);
    ERR_clear_error();
    if (!found) return out;
    fault = *found;
    return nullptr;
}

} // namespace offboard
