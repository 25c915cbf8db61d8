// Structures of a protocol as bytes, and back.
#pragma once

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace kata::raw_fuse {

template <typename Structure>
std::string bytes_of(const Structure& structure) {
    static_assert(std::is_trivially_copyable_v<Structure>);
    return {reinterpret_cast<const char*>(&structure), sizeof structure};
}

/// The structure at `offset`. @throws std::runtime_error if the bytes end before it does.
template <typename Structure>
Structure value_in(std::string_view bytes, std::size_t offset = 0) {
    static_assert(std::is_trivially_copyable_v<Structure>);
    if (bytes.size() < offset || bytes.size() - offset < sizeof(Structure)) {
        throw std::runtime_error("an answer is too short");
    }
    Structure structure;
    std::memcpy(&structure, bytes.data() + offset, sizeof structure);
    return structure;
}

}  // namespace kata::raw_fuse
