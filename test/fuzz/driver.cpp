// Runs a fuzz target where there is no libFuzzer (GCC): COUNT random inputs and COUNT mutations of the files
// of a folder, the same ones for the same SEED.
//   fuzz_decode_lapse COUNT SEED [FOLDER]
#include "mutation.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::vector<std::string> read_folder(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& at : std::filesystem::directory_iterator(folder))
        if (at.is_regular_file()) files.push_back(at.path());
    std::sort(files.begin(), files.end()); // the file system's own order is not the same everywhere
    std::vector<std::string> inputs;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return inputs;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3 || argc > 4) {
        std::fprintf(stderr, "usage: %s COUNT SEED [FOLDER]\n", argv[0]);
        return 2;
    }
    const unsigned long long count = std::strtoull(argv[1], nullptr, 10);
    fuzz::engine random(std::strtoull(argv[2], nullptr, 10));
    const std::vector<std::string> seeds = argc == 4 ? read_folder(argv[3]) : std::vector<std::string>();
    if (argc == 4 && seeds.empty()) {
        std::fprintf(stderr, "%s holds no seeds\n", argv[3]);
        return 2;
    }
    for (const std::string& seed : seeds)
        run(seed);
    for (unsigned long long i = 0; i < count; ++i)
        run(fuzz::nonsense(random, 256));
    unsigned long long mutations = 0;
    for (; !seeds.empty() && mutations < count; ++mutations)
        run(fuzz::mutated(seeds[fuzz::below(random, seeds.size())], random));
    std::printf("ok: %zu seeds, %llu random inputs, %llu mutations\n", seeds.size(), count, mutations);
    return 0;
}
