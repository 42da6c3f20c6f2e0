#include "keyring.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace journal_keyring_test {

using namespace offboard;
using journal::keyring;
using journal::master_key;

namespace {

master_key key_of(std::string id, char fill) {
    return {std::move(id), secret(std::string(32, fill))};
}

std::string subject(const keyring& by, const identifier& who) {
    const journal::subject_hash hash = by.subject(who);
    return {hash.begin(), hash.end()};
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4U];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

template <class T>
bool refused(const result<T>& r) {
    return r.has_error() && r.error() == errc::journal_unavailable;
}

const identifier jo = {identifier_kind::email, "jo@example.com"};

struct fixture {
    keyring ring = keyring({key_of("2026", 'a')});
    secret key = ring.make_key();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(keyring_suite, fixture)

BOOST_AUTO_TEST_CASE(what_is_sealed_can_be_opened) {
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 600U, 100000U}) {
        const std::string plain(size, 'x');
        const std::string sealed = ring.seal(key, "what", plain);
        BOOST_TEST(sealed.size() == size + 28);
        BOOST_TEST(ring.open(key, "what", sealed).value() == plain);
    }
}

BOOST_AUTO_TEST_CASE(a_wrapped_key_comes_back_as_it_was) {
    BOOST_TEST(key.reveal().size() == 32U);
    const std::string wrapped = ring.wrap(key, "op-1");
    BOOST_TEST(wrapped.size() == 60U);
    BOOST_TEST(wrapped.find(key.reveal()) == std::string::npos);
    BOOST_TEST(ring.unwrap("2026", wrapped, "op-1").value().reveal() == key.reveal());
}

BOOST_AUTO_TEST_CASE(keys_and_ciphertexts_are_never_the_same_twice) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        seen.insert(std::string(ring.make_key().reveal()));
        seen.insert(ring.wrap(key, "op-1"));
        seen.insert(ring.seal(key, "what", "text"));
    }
    BOOST_TEST(seen.size() == 300U);
}

BOOST_AUTO_TEST_CASE(nothing_opens_beside_another_owner_context_or_key) {
    const std::string wrapped = ring.wrap(key, "op-1");
    BOOST_TEST(refused(ring.unwrap("2026", wrapped, "op-2")));
    BOOST_TEST(refused(ring.unwrap("2026", wrapped, "")));
    BOOST_TEST(refused(ring.unwrap("2025", wrapped, "op-1")));
    BOOST_TEST(refused(keyring({key_of("2026", 'b')}).unwrap("2026", wrapped, "op-1")));

    const std::string sealed = ring.seal(key, "what", "text");
    BOOST_TEST(refused(ring.open(key, "changes", sealed)));
    BOOST_TEST(refused(ring.open(ring.make_key(), "what", sealed)));
    // What failed before does not stand in the way of what is right.
    BOOST_TEST(ring.open(key, "what", sealed).value() == "text");
    BOOST_TEST(ring.unwrap("2026", wrapped, "op-1").value().reveal() == key.reveal());
}

BOOST_AUTO_TEST_CASE(any_changed_or_missing_byte_is_noticed) {
    const std::string sealed = ring.seal(key, "what", "a text of some length");
    const std::string wrapped = ring.wrap(key, "op-1");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string bad = sealed;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        BOOST_TEST(refused(ring.open(key, "what", bad)), "byte " << i);
        BOOST_TEST(refused(ring.open(key, "what", sealed.substr(0, i))), "cut at " << i);
    }
    for (std::size_t i = 0; i < wrapped.size(); ++i) {
        std::string bad = wrapped;
        bad[i] = static_cast<char>(bad[i] ^ 0x80);
        BOOST_TEST(refused(ring.unwrap("2026", bad, "op-1")), "byte " << i);
        BOOST_TEST(refused(ring.unwrap("2026", wrapped.substr(0, i), "op-1")), "cut at " << i);
    }
    BOOST_TEST(refused(ring.open(key, "what", sealed + '\0')));
    BOOST_TEST(refused(ring.unwrap("2026", wrapped + '\0', "op-1")));
}

BOOST_AUTO_TEST_CASE(the_first_master_key_wraps_and_all_unwrap) {
    const keyring both({key_of("2027", 'b'), key_of("2026", 'a')});
    BOOST_TEST(both.newest() == "2027");
    BOOST_TEST((both.ids() == std::vector<std::string>{"2027", "2026"}));

    const std::string old = ring.wrap(key, "op-1");
    const std::string recent = both.wrap(key, "op-2");
    BOOST_TEST(both.unwrap("2026", old, "op-1").value().reveal() == key.reveal());
    BOOST_TEST(both.unwrap("2027", recent, "op-2").value().reveal() == key.reveal());
    BOOST_TEST(refused(both.unwrap("2027", old, "op-1")));
    BOOST_TEST(refused(ring.unwrap("2027", recent, "op-2")));
}

BOOST_AUTO_TEST_CASE(hashes_are_equal_for_equals_alone) {
    BOOST_TEST(subject(ring, jo) == subject(keyring({key_of("another id", 'a')}), jo));
    const std::set<std::string> different = {
        subject(ring, jo),
        subject(ring, {identifier_kind::external_id, jo.value}),
        subject(ring, {identifier_kind::email, "Jo@example.com"}),
        subject(ring, {identifier_kind::email, ""}),
        subject(keyring({key_of("2026", 'b')}), jo),
        ring.digest("email", jo.value),
        ring.digest("request", jo.value),
        ring.digest("request", ""),
        ring.digest("", "request"),
    };
    BOOST_TEST(different.size() == 9U);
}

BOOST_AUTO_TEST_CASE(what_was_kept_under_an_older_key_is_found) {
    const keyring both({key_of("2027", 'b'), key_of("2026", 'a')});
    const auto subjects = both.subjects(jo);
    BOOST_REQUIRE(subjects.size() == 2U);
    BOOST_TEST((subjects[0] == both.subject(jo)));
    BOOST_TEST((subjects[1] == ring.subject(jo)));
    const auto digests = both.digests("key", "k-1");
    BOOST_REQUIRE(digests.size() == 2U);
    BOOST_TEST(digests[0] == both.digest("key", "k-1"));
    BOOST_TEST(digests[1] == ring.digest("key", "k-1"));
}

// Files outlive a release. Computed apart from this code: key = HKDF-SHA256 (RFC 5869) of 32 bytes 'a', no
// salt, info "offboard journal <purpose> v1"; hash = HMAC-SHA256(key, label 00 text), its first 16 bytes.
BOOST_AUTO_TEST_CASE(hashes_are_those_that_are_in_files) {
    BOOST_TEST(hex(subject(ring, jo)) == "5731ff88ca4b6a290138dff930ee5452");
    BOOST_TEST(hex(ring.digest("key", "k-1")) == "50823ce11918f02515c6d88f1cbdf189");
    BOOST_TEST(hex(ring.mark_of("2026")) == "e648a366cea67a9c4067ff6929309e7c");
}

BOOST_AUTO_TEST_CASE(a_mark_tells_keys_of_one_id_apart) {
    BOOST_TEST(ring.mark_of("2026") == keyring({key_of("2026", 'a')}).mark_of("2026"));
    BOOST_TEST(ring.mark_of("2026") != keyring({key_of("2026", 'b')}).mark_of("2026"));
    BOOST_TEST(ring.mark_of("2025") == "");
}

BOOST_AUTO_TEST_CASE(unusable_master_keys_are_refused) {
    BOOST_CHECK_THROW(keyring({}), std::runtime_error);
    BOOST_CHECK_THROW(keyring({{"short", secret(std::string(31, 'a'))}}), std::runtime_error);
    BOOST_CHECK_THROW(keyring({{"long", secret(std::string(33, 'a'))}}), std::runtime_error);
    BOOST_CHECK_THROW(keyring({key_of("2026", 'a'), key_of("2026", 'b')}), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_keyring_test
