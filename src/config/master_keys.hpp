#pragma once

#include "section.hpp"

#include <vector>

namespace offboard::config {

/// The keys of a journal on disk, the one that encrypts first: `keys`, a list, or `key_dir`, a directory of
/// key files as a mounted Secret is one, in which the name that is last in the order of bytes encrypts.
void read_master_keys(section& in, std::vector<master_key>& into, const variables& environment);

} // namespace offboard::config
