#include "master_keys.hpp"

#include "credential.hpp"
#include "file.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>

namespace offboard::config {

using kind = document::kind;

namespace {

constexpr std::size_t most_master_keys = 64; ///< every one of them hashes every new identifier
constexpr std::size_t longest_file = 4096;   ///< a key has 32 bytes, 64 digits or 44
constexpr std::string_view id_rule = "must have 1 to 64 of A-Z a-z 0-9 . _ -";
const std::string too_many = "must have at most " + std::to_string(most_master_keys) + " keys";

void read_one(section& in, std::vector<master_key>& into, const variables& environment) {
    master_key out;
    if (in.require_text("id", out.id)) {
        const auto same = [&](const master_key& other) { return other.id == out.id; };
        if (!is_plain_id(out.id))
            in.fault("id", std::string(id_rule));
        else if (std::any_of(into.begin(), into.end(), same))
            in.fault("id", "is the id of an earlier key of the list too");
    }
    out.key = read_key(in, "key", "key_file", environment);
    in.close();
    into.push_back(std::move(out));
}

void read_list(section& in, std::vector<master_key>& into, const variables& environment) {
    const document* keys = in.find("keys");
    if (!keys->is(kind::array) || keys->elements().empty())
        return in.fault("keys", "must be a list of {id, key_file}, with at least one");
    if (keys->elements().size() > most_master_keys) return in.fault("keys", std::string(too_many));
    std::size_t index = 0;
    for (const document& d : keys->elements()) {
        section one(&d, in.key_of("keys") + "[" + std::to_string(index++) + "]", d.line, in.out());
        read_one(one, into, environment);
    }
}

/// The names of the regular files in a directory, the last first. What begins with two dots is how Kubernetes
/// keeps the versions of a mounted Secret; the names beside it are links into one of them.
std::vector<std::string> names_in(const std::string& directory, std::error_code& ec) {
    std::vector<std::string> out;
    for (std::filesystem::directory_iterator at(directory, ec), end; !ec && at != end; at.increment(ec)) {
        std::string name = at->path().filename().string();
        std::error_code unreadable; // a link into nowhere: a file that cannot be read, found out below
        const auto type = at->status(unreadable).type();
        if (!name.starts_with("..") && type != std::filesystem::file_type::directory)
            out.push_back(std::move(name));
    }
    std::sort(out.begin(), out.end(), std::greater<>());
    return out;
}

void read_directory(section& in, std::vector<master_key>& into) {
    std::string directory;
    if (!in.read_text("key_dir", directory)) return;
    std::error_code ec;
    const std::vector<std::string> names = names_in(directory, ec);
    if (ec) return in.fault("key_dir", directory + " cannot be read: " + ec.message());
    if (names.empty()) return in.fault("key_dir", "must hold at least one file with a key");
    if (names.size() > most_master_keys) return in.fault("key_dir", std::string(too_many));
    for (const std::string& name : names) {
        if (!is_plain_id(name)) {
            in.fault("key_dir", "has a file whose name is no id: it " + std::string(id_rule));
            continue;
        }
        const file_text read = read_file(directory + "/" + name, longest_file, in.out().being_read);
        master_key out;
        out.id = name;
        if (read.text) out.key = key_in_file(*read.text);
        if (read.text) in.out().read_from(in.key_of("key_dir") + "/" + name, *read.text);
        if (!read.text)
            in.fault("key_dir", read.why);
        else if (out.key.empty())
            in.fault("key_dir", name + ": " + std::string(no_key_in_file));
        into.push_back(std::move(out));
    }
}

} // namespace

void read_master_keys(section& in, std::vector<master_key>& into, const variables& environment) {
    const bool list = in.has("keys");
    const bool directory = in.has("key_dir");
    if (list && directory) return in.fault("key_dir", "stands beside keys: give one of the two");
    if (directory) return read_directory(in, into);
    if (list) return read_list(in, into, environment);
    in.missing("keys", "is required with journal.sqlite: a list of {id, key_file}, or key_dir");
}

} // namespace offboard::config
