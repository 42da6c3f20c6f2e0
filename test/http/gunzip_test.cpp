#include "gunzip.hpp"

#include <boost/test/unit_test.hpp>
#include <zlib.h>

namespace http_gunzip_test {

using offboard::http::gunzip;

namespace {

std::string gzip(std::string_view text) {
    z_stream zip{};
    BOOST_REQUIRE(deflateInit2(&zip, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&zip, text.size()) + 64, '\0');
    zip.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    zip.avail_in = static_cast<uInt>(text.size());
    zip.next_out = reinterpret_cast<Bytef*>(out.data());
    zip.avail_out = static_cast<uInt>(out.size());
    BOOST_REQUIRE(deflate(&zip, Z_FINISH) == Z_STREAM_END);
    out.resize(zip.total_out);
    deflateEnd(&zip);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gunzip_suite)

BOOST_AUTO_TEST_CASE(all_members_count_and_nothing_may_stand_behind_them) {
    const std::string yes = gzip("true");
    BOOST_TEST((gunzip(yes, 100) == "true"));
    BOOST_TEST((gunzip(gzip("tr") + gzip("ue"), 100) == "true"));
    BOOST_TEST((gunzip(yes + gzip(" false"), 100) == "true false"));
    for (const std::string behind : {"x", "garbage behind it", "\x1f", "\x1f\x8b"})
        BOOST_TEST(!gunzip(yes + behind, 100).has_value(), behind);
    BOOST_TEST(!gunzip(yes + std::string(8, '\0'), 100).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_or_no_gzip_or_too_long_is_nothing) {
    const std::string yes = gzip("true");
    for (std::size_t n = 0; n < yes.size(); ++n)
        BOOST_TEST(!gunzip(yes.substr(0, n), 100).has_value(), n);
    BOOST_TEST(!gunzip("true", 100).has_value());
    const std::string bomb = gzip(std::string(1 << 20, 'a'));
    BOOST_TEST(gunzip(bomb, 1 << 20).has_value());
    BOOST_TEST(!gunzip(bomb, (1 << 20) - 1).has_value());
    BOOST_TEST(!gunzip(gzip("tr") + gzip("ue"), 3).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace http_gunzip_test
