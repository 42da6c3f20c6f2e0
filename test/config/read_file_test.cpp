#include "offboard/config/read_file.hpp"

#include "fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace config_read_file_test {

using namespace offboard::config;
using test::secret_files;

BOOST_AUTO_TEST_SUITE(config_read_file)

BOOST_AUTO_TEST_CASE(a_file_is_read_up_to_one_byte_more_than_the_bound) {
    const secret_files files;
    files.put("a", std::string(100'000, 'a'));
    BOOST_TEST(read_file(files.path() + "/a", 1u << 20, nullptr).text.value() == std::string(100'000, 'a'));
    BOOST_TEST(read_file(files.path() + "/a", 100'000, nullptr).text->size() == 100'000u);
    BOOST_TEST(read_file(files.path() + "/a", 99'999, nullptr).text->size() == 100'000u);
    BOOST_TEST(read_file(files.path() + "/a", 99'998, nullptr).text->size() == 99'999u);
    files.put("empty", "");
    BOOST_TEST(read_file(files.path() + "/empty", 10, nullptr).text.value().empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_named_with_its_reason) {
    const secret_files files;
    const auto why = [](const std::string& path) {
        const file_text found = read_file(path, 10, nullptr);
        BOOST_TEST(!found.text);
        return found.why;
    };
    BOOST_TEST(why(files.path()) == files.path() + " cannot be read: it is a directory");
    BOOST_TEST(why("/nowhere/x") == "/nowhere/x cannot be read: No such file or directory");
}

void write_into(const std::string& pipe) {
    const int file = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
    BOOST_TEST(::write(file, "through a pipe", 14) == 14);
    ::close(file);
}

BOOST_AUTO_TEST_CASE(a_pipe_is_read_and_named_while_nothing_comes) {
    const secret_files files;
    const std::string pipe = files.path() + "/pipe";
    BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    file_being_read reads;
    BOOST_TEST(reads.now().path.empty());
    file_text found;
    std::thread reader([&] { found = read_file(pipe, 100, &reads); });
    while (reads.now().path.empty())
        std::this_thread::yield();
    BOOST_TEST(reads.now().path == pipe);
    BOOST_TEST(reads.now().number == 1u);
    write_into(pipe);
    reader.join();
    BOOST_TEST(found.text.value_or(found.why) == "through a pipe");
    BOOST_TEST(reads.now().path.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace config_read_file_test
