#include "keyring.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

namespace offboard::journal {

namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using cipher = std::unique_ptr<EVP_CIPHER, freed_by<EVP_CIPHER_free>>;
using cipher_ctx = std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>>;
using mac = std::unique_ptr<EVP_MAC, freed_by<EVP_MAC_free>>;
using mac_ctx = std::unique_ptr<EVP_MAC_CTX, freed_by<EVP_MAC_CTX_free>>;
using kdf = std::unique_ptr<EVP_KDF, freed_by<EVP_KDF_free>>;
using kdf_ctx = std::unique_ptr<EVP_KDF_CTX, freed_by<EVP_KDF_CTX_free>>;

/// What OpenSSL refuses here is out of memory, out of randomness, or a bug: nothing that could be mended.
void require(bool done) {
    if (!done) throw std::runtime_error("OpenSSL failed in the journal's keyring");
}

const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) noexcept {
    return reinterpret_cast<unsigned char*>(text.data());
}
int length(std::string_view text) {
    require(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(text.size());
}

/// HKDF-SHA256 (RFC 5869) without salt: the key has all its entropy already.
secret derive(const secret& from, std::string purpose) {
    static const kdf algorithm(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const kdf_ctx ctx(EVP_KDF_CTX_new(algorithm.get()));
    require(ctx != nullptr);
    std::string key(from.reveal());
    std::string digest = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, purpose.data(), purpose.size()),
        OSSL_PARAM_construct_end()};
    std::string out(key_size, '\0');
    const int done = EVP_KDF_derive(ctx.get(), bytes(out), out.size(), params);
    OPENSSL_cleanse(key.data(), key.size());
    secret derived(std::move(out));
    require(done == 1);
    return derived;
}

} // namespace

/// Random bytes of OpenSSL's, drawn by the block: a call of its generator costs more than what it is for
/// here. What is handed out is wiped.
class keyring::random_block {
public:
    random_block() = default;
    random_block(const random_block&) = delete;
    random_block& operator=(const random_block&) = delete;
    ~random_block() { OPENSSL_cleanse(block_.data(), block_.size()); }

    void take(unsigned char* into, std::size_t size) {
        if (size > block_.size() - used_) {
            require(RAND_priv_bytes(block_.data(), static_cast<int>(block_.size())) == 1);
            used_ = 0;
        }
        std::copy_n(block_.data() + used_, size, into);
        OPENSSL_cleanse(block_.data() + used_, size);
        used_ += size;
    }

private:
    std::array<unsigned char, 4096> block_{};
    std::size_t used_ = 4096;
};

/// AES-256-GCM either way. A context for each way is kept: making one costs more than encrypting a key does.
class keyring::gcm {
public:
    gcm() : seal_(EVP_CIPHER_CTX_new()), open_(EVP_CIPHER_CTX_new()) {
        const cipher aes(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
        require(aes && seal_ && open_ &&
                EVP_EncryptInit_ex2(seal_.get(), aes.get(), nullptr, nullptr, nullptr) == 1 &&
                EVP_DecryptInit_ex2(open_.get(), aes.get(), nullptr, nullptr, nullptr) == 1);
    }
    /// With a key that stays.
    explicit gcm(const secret& key) : gcm() {
        require(EVP_EncryptInit_ex2(seal_.get(), nullptr, bytes(key.reveal()), nullptr, nullptr) == 1 &&
                EVP_DecryptInit_ex2(open_.get(), nullptr, bytes(key.reveal()), nullptr, nullptr) == 1);
    }

    /// `key`: null when it stays.
    std::string seal(random_block& random, const secret* key, std::string_view context,
                     std::string_view plain) {
        EVP_CIPHER_CTX* const ctx = seal_.get();
        std::string out(nonce_size + plain.size() + tag_size, '\0');
        unsigned char* const nonce = bytes(out);
        unsigned char* const text = nonce + nonce_size;
        int n = 0;
        random.take(nonce, nonce_size);
        require(EVP_EncryptInit_ex2(ctx, nullptr, key_bytes(key), nonce, nullptr) == 1 &&
                EVP_EncryptUpdate(ctx, nullptr, &n, bytes(context), length(context)) == 1 &&
                EVP_EncryptUpdate(ctx, text, &n, bytes(plain), length(plain)) == 1 &&
                EVP_EncryptFinal_ex(ctx, text + n, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, tag_size, text + plain.size()) == 1);
        return out;
    }

    std::optional<std::string> open(const secret* key, std::string_view context, std::string_view sealed) {
        if (sealed.size() < nonce_size + tag_size) return std::nullopt;
        EVP_CIPHER_CTX* const ctx = open_.get();
        const std::string_view text = sealed.substr(nonce_size, sealed.size() - nonce_size - tag_size);
        std::string tag(sealed.substr(sealed.size() - tag_size));
        std::string out(text.size(), '\0');
        int n = 0;
        require(EVP_DecryptInit_ex2(ctx, nullptr, key_bytes(key), bytes(sealed), nullptr) == 1 &&
                EVP_DecryptUpdate(ctx, nullptr, &n, bytes(context), length(context)) == 1 &&
                EVP_DecryptUpdate(ctx, bytes(out), &n, bytes(text), length(text)) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1);
        if (EVP_DecryptFinal_ex(ctx, bytes(out) + n, &n) == 1) return out;
        OPENSSL_cleanse(out.data(), out.size()); // the text was not authenticated
        ERR_clear_error();
        return std::nullopt;
    }

private:
    static const unsigned char* key_bytes(const secret* key) {
        if (key == nullptr) return nullptr;
        require(key->reveal().size() == key_size);
        return bytes(key->reveal());
    }

    cipher_ctx seal_;
    cipher_ctx open_;
};

/// HMAC-SHA-256 under one key, cut. The context is wound back rather than made again.
class keyring::hmac {
public:
    explicit hmac(const secret& key) {
        const mac algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
        ctx_.reset(EVP_MAC_CTX_new(algorithm.get()));
        std::string digest = "SHA256";
        const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        require(ctx_ && EVP_MAC_init(ctx_.get(), bytes(key.reveal()), key.reveal().size(), params) == 1);
    }

    /// Of a label and a text. A zero byte parts them: no label has one.
    subject_hash of(std::string_view label, std::string_view text) {
        text_.assign(label);
        text_ += '\0';
        text_ += text;
        std::array<unsigned char, key_size> whole{};
        std::size_t n = 0;
        const bool done = EVP_MAC_init(ctx_.get(), nullptr, 0, nullptr) == 1 &&
                          EVP_MAC_update(ctx_.get(), bytes(text_), text_.size()) == 1 &&
                          EVP_MAC_final(ctx_.get(), whole.data(), &n, whole.size()) == 1;
        OPENSSL_cleanse(text_.data(), text_.size());
        require(done && n == whole.size());
        subject_hash cut;
        std::copy_n(whole.begin(), cut.size(), reinterpret_cast<unsigned char*>(cut.data()));
        return cut;
    }

private:
    mac_ctx ctx_;
    std::string text_; ///< kept for its room
};

namespace {

std::string text_of(const subject_hash& hash) {
    return std::string(hash.data(), hash.size());
}

} // namespace

struct keyring::master {
    explicit master(const master_key& from)
        : id(from.id), mark(text_of(hmac(derive(from.key, "offboard journal mark v1")).of("mark", {}))),
          wrapping(derive(from.key, "offboard journal wrap v1")),
          subjects(derive(from.key, "offboard journal subject v1")),
          digests(derive(from.key, "offboard journal idempotency v1")) {}

    std::string id;
    std::string mark;
    gcm wrapping;
    hmac subjects;
    hmac digests;
};

keyring::keyring(std::vector<master_key> keys)
    : random_(std::make_unique<random_block>()), sealer_(std::make_unique<gcm>()) {
    if (keys.empty()) throw std::runtime_error("the journal has no master key");
    for (const master_key& k : keys) {
        if (k.key.reveal().size() != key_size)
            throw std::runtime_error("the journal's master key '" + k.id + "' is not 32 bytes");
        if (std::ranges::any_of(masters_, [&](const auto& m) { return m->id == k.id; }))
            throw std::runtime_error("the journal has two master keys '" + k.id + "'");
        masters_.push_back(std::make_unique<master>(k));
    }
}

keyring::~keyring() = default;

const std::string& keyring::newest() const noexcept {
    return masters_.front()->id;
}

std::vector<std::string> keyring::ids() const {
    std::vector<std::string> out;
    for (const auto& m : masters_)
        out.push_back(m->id);
    return out;
}

std::string keyring::mark_of(std::string_view id) const {
    const auto at = std::ranges::find(masters_, id, [](const auto& m) -> std::string_view { return m->id; });
    return at == masters_.end() ? std::string() : (*at)->mark;
}

secret keyring::make_key() const {
    std::string key(key_size, '\0');
    random_->take(bytes(key), key_size);
    return secret(std::move(key));
}

std::string keyring::wrap(const secret& key, std::string_view owner) const {
    require(key.reveal().size() == key_size);
    return masters_.front()->wrapping.seal(*random_, nullptr, owner, key.reveal());
}

result<secret> keyring::unwrap(std::string_view key_id, std::string_view wrapped,
                               std::string_view owner) const {
    const auto at =
        std::ranges::find(masters_, key_id, [](const auto& m) -> std::string_view { return m->id; });
    if (at == masters_.end() || wrapped.size() != nonce_size + key_size + tag_size)
        return errc::journal_unavailable;
    auto key = (*at)->wrapping.open(nullptr, owner, wrapped);
    if (!key) return errc::journal_unavailable;
    return secret(std::move(*key));
}

std::string keyring::seal(const secret& key, std::string_view context, std::string_view plain) const {
    return sealer_->seal(*random_, &key, context, plain);
}

result<std::string> keyring::open(const secret& key, std::string_view context,
                                  std::string_view sealed) const {
    auto plain = sealer_->open(&key, context, sealed);
    if (!plain) return errc::journal_unavailable;
    return std::move(*plain);
}

subject_hash keyring::subject(const identifier& who) const {
    return masters_.front()->subjects.of(to_string(who.kind), who.value);
}

std::vector<subject_hash> keyring::subjects(const identifier& who) const {
    std::vector<subject_hash> out;
    for (const auto& m : masters_)
        out.push_back(m->subjects.of(to_string(who.kind), who.value));
    return out;
}

std::string keyring::digest(std::string_view what, std::string_view text) const {
    return text_of(masters_.front()->digests.of(what, text));
}

std::vector<std::string> keyring::digests(std::string_view what, std::string_view text) const {
    std::vector<std::string> out;
    for (const auto& m : masters_) {
        const subject_hash hash = m->digests.of(what, text);
        out.emplace_back(hash.data(), hash.size());
    }
    return out;
}

} // namespace offboard::journal
