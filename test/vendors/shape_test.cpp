#include "offboard/vendors/shape.hpp"

#include <boost/test/unit_test.hpp>

namespace vendors_shape_test {

using namespace offboard;

namespace {

std::string shape(unsigned status, const char* type, std::string body) {
    incoming_response r{status, {}, std::move(body)};
    if (*type != '\0') r.headers.emplace_back("content-type", type);
    return vendors::answer_shape(r);
}

} // namespace

BOOST_AUTO_TEST_SUITE(vendor_shape)

BOOST_AUTO_TEST_CASE(the_shape_of_an_answer) {
    BOOST_TEST(shape(204, "", "") == "status 204, no content type, 0 bytes");
    BOOST_TEST(shape(200, "Application/JSON ; charset=UTF-8", R"({"errors":[],"accepted":{}})") ==
               "status 200, application/json, 27 bytes, members accepted errors");
    BOOST_TEST(shape(200, "text/html", "<html>jo@a.example</html>") ==
               "status 200, text/html, 25 bytes, no JSON: syntax error at byte 0");
    BOOST_TEST(shape(200, "application/json", R"({"accepted":[)") ==
               "status 200, application/json, 13 bytes, no JSON: incomplete JSON at byte 13");
    BOOST_TEST(shape(200, "application/json", R"({"result":true,"\u0072esult":false})") ==
               "status 200, application/json, 35 bytes, members result (twice), a member is named twice");
    BOOST_TEST(shape(200, "application/json", "[{\"accepted\":1}]") ==
               "status 200, application/json, 16 bytes, no known member");
}

BOOST_AUTO_TEST_CASE(nothing_that_the_vendor_chose_gets_in) {
    constexpr const char* person = "jo@a.example";
    const std::string texts[] = {
        std::string("{\"") + person + "\":1,\"message\":\"" + person + "\"}",
        std::string("{\"message\":\"") + person,
        std::string("{\"message\":tru") + person,
        person,
        std::string("\xEF\xBB\xBF\"") + person + "\"",
    };
    for (const std::string& text : texts) {
        for (const char* type :
             {"application/json", person, "text/plain; name=jo@a.example", "a/jo@a.example"}) {
            const std::string said = shape(200, type, text);
            BOOST_TEST_CONTEXT(said) {
                BOOST_TEST(said.find("jo@") == said.npos);
                BOOST_TEST(said.size() < 300);
            }
        }
    }
    BOOST_TEST(shape(200, "application/json", texts[0]) ==
               "status 200, application/json, 43 bytes, members message, 1 unknown");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace vendors_shape_test
