#pragma once

#include "offboard/base/error.hpp"
#include "offboard/domain/operation.hpp"
#include "offboard/journal/journal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace offboard::journal {

/// Operations and their progress as bytes, in JSON by Boost (which is linked already, and bounds what it
/// reads); `v` is the version of the layout. What has its default value is left out. Enumerators are words
/// that never change: to_string's where there is one.
///
/// Reading never trusts a length or an index, and answers errc::journal_unavailable to whatever writing does
/// not make: another version, an unknown member, a value of another type or out of its range.

/// What was asked and every step as it is: all of an operation but its id, caller and times, which are
/// columns; and but what is said not to be remembered of a step (`stage`, `generation`, `due`, `decided`),
/// which is as in a new one after reading. Steps stand customer by customer, and their customers and targets
/// exist: others are written, but not read.
std::string encode(const operation&);
/// Into an operation whose id, caller and times are set. `first_step` is made again.
result<void> decode(std::string_view, operation& into);

std::string encode(const std::vector<change>&);
result<std::vector<change>> decode_changes(std::string_view);

/// Puts changes on an operation as record() promised them. errc::journal_unavailable: there is no such step.
result<void> apply(const std::vector<change>&, operation&);

/// Takes out of an operation whatever could tell who the person is: identifier values, earn ids, and all that
/// a vendor said but its code and `absent_by`. Refs go too. Kinds of identifiers, sources, plan, outcomes and
/// times stay. Nothing of it may be sent afterwards: no customer is named any more, and without earn ids a
/// call would revoke every earn.
void erase_person(operation&);

} // namespace offboard::journal
