// The one main() of the C++ tests, which only register their suites. By hand, as BOOST_TEST_MODULE would make
// it, so that this file too can take the header precompiled.
#include <boost/test/unit_test.hpp>

int main(int count, char** arguments) {
    return boost::unit_test::unit_test_main([] { return true; }, count, arguments);
}
