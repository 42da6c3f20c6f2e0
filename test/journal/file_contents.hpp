#pragma once

#include <boost/test/unit_test.hpp>
#include <sqlite3.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal_test {

/// The keys of the operations whose id is LIKE `id`, as they lie in a file that no journal has open.
inline std::vector<std::string> keys_in(const std::filesystem::path& file, const std::string& id) {
    sqlite3* db = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    sqlite3_stmt* all = nullptr;
    const std::string sql =
        "SELECT wrapped FROM operation_key JOIN operation ON number = operation WHERE id LIKE '" + id + "'";
    BOOST_REQUIRE(sqlite3_prepare_v2(db, sql.c_str(), -1, &all, nullptr) == SQLITE_OK);
    std::vector<std::string> out;
    while (sqlite3_step(all) == SQLITE_ROW)
        out.emplace_back(static_cast<const char*>(sqlite3_column_blob(all, 0)),
                         static_cast<std::size_t>(sqlite3_column_bytes(all, 0)));
    sqlite3_finalize(all);
    sqlite3_close(db);
    return out;
}

/// By the system's search: that of std::string takes seconds for a whole file under ThreadSanitizer.
inline bool contains(std::string_view bytes, std::string_view part) {
    return ::memmem(bytes.data(), bytes.size(), part.data(), part.size()) != nullptr;
}

} // namespace offboard::journal_test
