#pragma once

#include <boost/test/unit_test.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace offboard::api::test {

inline std::string base64url(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int n =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(n));
    while (out.ends_with('='))
        out.pop_back();
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    return out;
}

/// An issuer's key pair, made when the test runs.
class signer {
public:
    static signer rsa(std::string kid, unsigned bits = 2048) {
        return signer(std::move(kid), EVP_RSA_gen(bits), "RSA", 0);
    }
    static signer ec(std::string kid, const char* curve = "P-256", int size = 32) {
        return signer(std::move(kid), EVP_EC_gen(curve), curve, size);
    }

    /// The public key as a JSON Web Key, with more members in front.
    std::string jwk(const std::string& more = "") const {
        const std::string head = "{" + more + "\"kid\":\"" + kid_ + "\",";
        if (size_ == 0)
            return head + R"("kty":"RSA","n":")" + number("n", 0) + R"(","e":")" + number("e", 0) + "\"}";
        return head + R"("kty":"EC","crv":")" + kind_ + R"(","x":")" +
               number(OSSL_PKEY_PARAM_EC_PUB_X, size_) + R"(","y":")" +
               number(OSSL_PKEY_PARAM_EC_PUB_Y, size_) + "\"}";
    }

    /// A token with exactly this header and these claims, signed as `algorithm` says.
    std::string token(const std::string& algorithm, const std::string& header,
                      const std::string& claims) const {
        const std::string text = base64url(header) + "." + base64url(claims);
        return text + "." + base64url(signature(algorithm, text));
    }
    /// The same with the usual header.
    std::string token(const std::string& algorithm, const std::string& claims) const {
        return token(algorithm, R"({"alg":")" + algorithm + R"(","typ":"JWT","kid":")" + kid_ + "\"}",
                     claims);
    }

    /// The public key in PEM: what an HS256 token of an algorithm confusion is made with.
    std::string pem() const {
        const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
        PEM_write_bio_PUBKEY(out.get(), key_.get());
        char* data = nullptr;
        const long size = BIO_get_mem_data(out.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }

private:
    struct freed {
        void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
        void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
        void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
        void operator()(BIGNUM* p) const { BN_free(p); }
    };

    signer(std::string kid, EVP_PKEY* key, std::string kind, int size)
        : kid_(std::move(kid)), key_(key), kind_(std::move(kind)), size_(size) {
        BOOST_REQUIRE(key);
    }

    std::string number(const char* name, int width) const {
        BIGNUM* raw = nullptr;
        BOOST_REQUIRE(EVP_PKEY_get_bn_param(key_.get(), name, &raw) == 1);
        const std::unique_ptr<BIGNUM, freed> n(raw);
        return base64url(padded(n.get(), width ? width : BN_num_bytes(raw)));
    }
    static std::string padded(const BIGNUM* n, int width) {
        std::string out(static_cast<std::size_t>(width), '\0');
        BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), width);
        return out;
    }

    std::string signature(const std::string& algorithm, const std::string& text) const {
        const EVP_MD* digest = algorithm.ends_with("512")   ? EVP_sha512()
                               : algorithm.ends_with("384") ? EVP_sha384()
                                                            : EVP_sha256();
        const std::unique_ptr<EVP_MD_CTX, freed> context(EVP_MD_CTX_new());
        EVP_PKEY_CTX* how = nullptr;
        BOOST_REQUIRE(EVP_DigestSignInit(context.get(), &how, digest, nullptr, key_.get()) == 1);
        if (algorithm.starts_with("PS")) {
            EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST);
        }
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
        std::size_t size = 0;
        BOOST_REQUIRE(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1);
        std::string out(size, '\0');
        BOOST_REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                                     bytes, text.size()) == 1);
        out.resize(size);
        if (size_ == 0) return out;
        const auto* der = reinterpret_cast<const unsigned char*>(out.data());
        const std::unique_ptr<ECDSA_SIG, freed> both(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size)));
        return padded(ECDSA_SIG_get0_r(both.get()), size_) + padded(ECDSA_SIG_get0_s(both.get()), size_);
    }

    std::string kid_;
    std::unique_ptr<EVP_PKEY, freed> key_;
    std::string kind_; ///< RSA, or the curve
    int size_;         ///< of a coordinate in bytes; 0 for RSA
};

/// A token whose signature is an HMAC with that secret.
inline std::string hmac_token(const std::string& header, const std::string& claims, const std::string& key) {
    const std::string text = base64url(header) + "." + base64url(claims);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    return text + "." + base64url({reinterpret_cast<const char*>(mac), size});
}

inline std::string set_of(const std::string& keys) {
    return "{\"keys\":[" + keys + "]}";
}

} // namespace offboard::api::test
