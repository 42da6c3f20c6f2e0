// The one main() of the C++ tests; every other file only registers its suite.
#define BOOST_TEST_MODULE offboard
#include <boost/test/unit_test.hpp>
