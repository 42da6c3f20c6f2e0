// Which operations concerned a person, kept many to a row.
#include "sqlite/subject_index.hpp"
#include "sqlite_fixture.hpp"

#include <boost/test/data/test_case.hpp>

#include <array>
#include <numeric>

namespace journal_subject_index_test {

using namespace offboard;
using namespace offboard::journal_test;
using journal::subject_hash;
using journal::sqlite::subject_index;

namespace {

constexpr std::int64_t era = 1 << 14;

/// `first` chooses the bucket.
subject_hash hash_of(char first, std::uint32_t rest) {
    subject_hash out{};
    out[0] = first;
    for (std::size_t i = 0; i < 4; ++i)
        out[i + 1] = static_cast<char>(rest >> (8 * i));
    return out;
}

struct index_fixture : sqlite_fixture {
    index_fixture() {
        open();
        j.reset();
        BOOST_REQUIRE(db.open(path.string(), "").has_value());
        index = std::move(*subject_index::make(db));
    }
    std::vector<std::int64_t> find(const subject_hash& hash, std::int64_t newest, std::size_t most = 10) {
        return index.find(hash, newest, most).value();
    }

    journal::sqlite::database db;
    subject_index index;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(subject_index_suite, index_fixture)

BOOST_AUTO_TEST_CASE(operations_of_a_hash_are_found_newest_first_each_once) {
    const subject_hash jo = hash_of('j', 1);
    const std::vector<std::int64_t> numbers = {0, 1, 255, 256, era - 1, era, 3 * era + 7};
    for (const std::int64_t n : numbers)
        BOOST_TEST(index.add({{jo, n}, {hash_of('j', 2), n}, {jo, n}}).has_value());
    std::vector<std::int64_t> expected(numbers.rbegin(), numbers.rend());
    BOOST_TEST(find(jo, 4 * era) == expected, boost::test_tools::per_element());
    BOOST_TEST(find(hash_of('j', 3), 4 * era).empty());
    BOOST_TEST(find(hash_of('k', 1), 4 * era).empty());
    BOOST_TEST(find(jo, 4 * era, 2).size() == 2U);
    BOOST_TEST(find(jo, 4 * era, 2).back() == era);
}

/// More than a row takes, at once and bit by bit.
BOOST_DATA_TEST_CASE_F(index_fixture, a_bucket_takes_row_after_row,
                       (std::array<std::size_t, 3>{1, 100, 2000}), at_once) {
    constexpr std::size_t many = 2000;
    std::vector<subject_index::posting> all;
    for (std::uint32_t n = 0; n < many; ++n)
        all.push_back({hash_of('j', n), n});
    for (std::size_t at = 0; at < many; at += at_once)
        BOOST_TEST(index
                       .add({all.begin() + static_cast<std::ptrdiff_t>(at),
                             all.begin() + static_cast<std::ptrdiff_t>(at + at_once)})
                       .has_value());
    BOOST_TEST(db.integer("SELECT count(*) FROM subject").value() == 9); // 225 to a row
    BOOST_TEST(db.integer("SELECT sum(length(text)) FROM subject").value() == 18 * std::int64_t(many));
    for (std::uint32_t n = 0; n < many; n += 7)
        BOOST_TEST(find(hash_of('j', n), many) == std::vector<std::int64_t>{n},
                   boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_removed_is_not_found_and_the_others_are) {
    std::vector<subject_index::posting> all;
    for (std::uint32_t n = 0; n < 500; ++n)
        all.push_back({hash_of('j', n % 250), n});
    BOOST_TEST(index.add(all).has_value());
    BOOST_TEST(index.remove({hash_of('j', 3), 3}).has_value());
    BOOST_TEST(index.remove({hash_of('j', 3), 4}).has_value()); // is not there
    BOOST_TEST(index.remove({hash_of('x', 3), 3}).has_value());
    BOOST_TEST(find(hash_of('j', 3), 500) == std::vector<std::int64_t>{253},
               boost::test_tools::per_element());
    BOOST_TEST(find(hash_of('j', 4), 500).size() == 2U);
    BOOST_TEST(index.add({{hash_of('j', 3), 501}}).has_value());
    BOOST_TEST(find(hash_of('j', 3), 501).size() == 2U);
}

/// More than are packed at once, of several eras.
BOOST_AUTO_TEST_CASE(rows_of_version_2_are_packed) {
    BOOST_TEST(db.run("CREATE TABLE subject_2(hash BLOB NOT NULL, operation INTEGER NOT NULL);"
                      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999)"
                      " INSERT INTO subject_2 SELECT CAST(printf('%016d', i) AS BLOB), i FROM n")
                   .has_value());
    BOOST_TEST(journal::sqlite::pack_subjects(db).has_value());
    BOOST_TEST(db.integer("SELECT sum(length(text)) FROM subject").value() == 60'000 * 18);
    for (const std::int64_t n : {0, 16'383, 16'384, 49'999, 50'000, 59'999}) {
        const std::string digits = std::to_string(n);
        subject_hash hash;
        hash.fill('0');
        digits.copy(hash.data() + hash.size() - digits.size(), digits.size());
        BOOST_TEST(find(hash, 60'000) == std::vector<std::int64_t>{n}, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_row_that_was_not_written_here_is_damage) {
    BOOST_TEST(index.add({{hash_of('j', 1), 1}}).has_value());
    BOOST_TEST(db.run("UPDATE subject SET text = text || x'00'").has_value());
    BOOST_TEST(index.find(hash_of('j', 1), 1, 10).has_error());
    BOOST_TEST(index.remove({hash_of('j', 1), 1}).has_error());
    BOOST_TEST(index.add({{hash_of('j', 2), 2}}).has_error());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace journal_subject_index_test
