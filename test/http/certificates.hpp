#pragma once

#include <boost/test/unit_test.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace offboard::test {

struct freed {
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed>;
using certificate_ptr = std::unique_ptr<X509, freed>;

/// A key and its certificate, made when the test runs.
struct identity {
    key_ptr key;
    certificate_ptr certificate;
};

inline void add_extension(X509* to, int nid, const std::string& value) {
    std::unique_ptr<X509_EXTENSION, freed> made(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    BOOST_REQUIRE(made);
    X509_add_ext(to, made.get(), -1);
}

/// `names`: as OpenSSL writes a subjectAltName ("DNS:a.example", "IP:127.0.0.1"); empty for an authority.
/// `issuer`: null when it signs itself. Valid from yesterday, for `days` from then.
inline identity make_identity(const std::string& names, const identity* issuer, int days = 30,
                              key_ptr key = key_ptr(EVP_EC_gen("P-256"))) {
    identity made{std::move(key), certificate_ptr(X509_new())};
    X509* const c = made.certificate.get();
    X509_set_version(c, 2);
    static int serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c), -86400);
    X509_gmtime_adj(X509_getm_notAfter(c), (days - 1) * 86400L);
    const std::string name = names.empty() ? "authority " + std::to_string(serial) : "leaf";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_pubkey(c, made.key.get());
    if (names.empty())
        add_extension(c, NID_basic_constraints, "critical,CA:TRUE");
    else
        add_extension(c, NID_subject_alt_name, names);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer->certificate.get() : c));
    BOOST_REQUIRE(X509_sign(c, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0);
    return made;
}

template <class Write>
std::string pem_text(Write write) {
    BIO* const to = BIO_new(BIO_s_mem());
    BOOST_REQUIRE(write(to) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(to, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(to);
    return text;
}

inline std::string certificate_pem(const identity& of) {
    return pem_text([&](BIO* to) { return PEM_write_bio_X509(to, of.certificate.get()); });
}
/// With a password, encrypted under it.
inline std::string key_pem(const identity& of, const char* password = nullptr) {
    return pem_text([&](BIO* to) {
        return PEM_write_bio_PKCS8PrivateKey(to, of.key.get(), password ? EVP_aes_128_cbc() : nullptr,
                                             nullptr, 0, nullptr, const_cast<char*>(password));
    });
}

} // namespace offboard::test
