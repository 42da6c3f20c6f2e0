#pragma once

#include "report.hpp"

#include "offboard/base/document.hpp"

namespace offboard::config {

/// Puts every `OFFBOARD__A__B=value` over `a.b` of the file. Names are matched without regard to case, and
/// `-` and
/// `.` as `_`; a number steps into a list. A value that begins with `{` or `[`, or with a quote, is read as
/// YAML, any other as one plain scalar, whole; a secret is always taken as it is. It takes the place of what
/// the file has. Wider settings go first: OFFBOARD__A, then OFFBOARD__A__B. `x` drives out the file's
/// `x_file`, and the reverse.
void apply_environment(document& root, const variables& environment, report& out);

} // namespace offboard::config
