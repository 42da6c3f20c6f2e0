#pragma once

#include "../keyring.hpp"
#include "database.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace offboard::journal::sqlite {

/// Which operations concerned a person: the hashes of their identifiers, in the table `subject`.
///
/// A row holds many, one after the other: hashes have no order in time, so a row of its own for each would
/// cost a search of the tree and, soon, a page. They lie by era, which is 16,384 operations, so that what is
/// added now goes to few rows however many there are in all; in an era by the first bits of the hash, which
/// is a bucket; and a bucket takes row after row, each of at most a page. A search for a hash reads its
/// bucket of each era from end to end, some 15 KiB where an operation is of one person with three
/// identifiers, and so much more where it is of many.
///
/// Nothing here begins or commits a transaction. Errors are faults of the disk; a row that is not what was
/// written is one (damage).
class subject_index {
public:
    /// Notes that an operation concerned the person with this hash.
    struct posting {
        subject_hash hash;
        std::int64_t operation = 0; ///< its number, not negative
    };

    static result<subject_index> make(database&);

    result<void> add(std::vector<posting>);
    /// The operations under a hash, newest first, those of one era with those of the next until there are
    /// `most` or more; `newest` is not less than the number of any.
    result<std::vector<std::int64_t>> find(const subject_hash&, std::int64_t newest, std::size_t most);
    /// Takes a posting out again, if it is there; quickly when it was among the last.
    result<void> remove(const posting&);

private:
    statement last_, rows_, newest_first_, insert_, update_;
};

/// Of version 2, with a row for each hash: puts all of the table `subject_2` into `subject`.
result<void> pack_subjects(database&);

} // namespace offboard::journal::sqlite
