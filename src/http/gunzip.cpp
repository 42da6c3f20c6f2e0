#include "gunzip.hpp"

#include <array>
#include <limits>
#include <zlib.h>

namespace offboard::http {

namespace {

constexpr int gzip_only = 16 + MAX_WBITS;

struct inflater {
    inflater() { ready = inflateInit2(&stream, gzip_only) == Z_OK; }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
    ~inflater() {
        if (ready) inflateEnd(&stream);
    }
    z_stream stream{};
    bool ready = false;
};

} // namespace

std::optional<std::string> gunzip(std::string_view bytes, std::size_t most) {
    inflater zip;
    if (!zip.ready || bytes.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
    std::string out;
    std::array<unsigned char, 16384> room{};
    // zlib does not write to its input.
    zip.stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    zip.stream.avail_in = static_cast<uInt>(bytes.size());
    for (int state = Z_OK; state != Z_STREAM_END;) {
        zip.stream.next_out = room.data();
        zip.stream.avail_out = static_cast<uInt>(room.size());
        state = inflate(&zip.stream, Z_NO_FLUSH);
        const std::size_t made = room.size() - zip.stream.avail_out;
        if (out.size() + made > most) return std::nullopt;
        out.append(reinterpret_cast<const char*>(room.data()), made);
        if (state != Z_OK && state != Z_STREAM_END) return std::nullopt;
        if (state == Z_OK && made == 0 && zip.stream.avail_in == 0) return std::nullopt;
        // More behind the end of a member is another member (RFC 1952, 2.2). Anything else makes the
        // whole unreadable.
        if (state == Z_STREAM_END && zip.stream.avail_in > 0) {
            if (inflateReset(&zip.stream) != Z_OK) return std::nullopt;
            state = Z_OK;
        }
    }
    return out;
}

} // namespace offboard::http
