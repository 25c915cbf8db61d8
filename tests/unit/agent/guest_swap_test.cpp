#include <cstring>

#include <gtest/gtest.h>

#include "pkg/agent/guest/swap.h"
#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"

namespace kata::agent::guest {
namespace {

constexpr std::size_t kPage = 4096;

std::uint32_t word_at(const std::string& page, std::size_t offset) {
    std::uint32_t word = 0;
    std::memcpy(&word, page.data() + offset, sizeof word);
    return word;
}

TEST(SwapHeader, IsAPageAsTheKernelReadsIt) {
    const std::string page = swap_header(std::uint64_t{64} << 20, kPage);
    ASSERT_EQ(page.size(), kPage);
    EXPECT_EQ(word_at(page, 1024), 1U) << "version";
    EXPECT_EQ(word_at(page, 1028), 64U * 256 - 1) << "the last page";
    EXPECT_EQ(word_at(page, 1032), 0U) << "bad pages";
    EXPECT_EQ(page.substr(kPage - 10), "SWAPSPACE2");
}

TEST(SwapHeader, LeavesAnIncompletePageOut) {
    EXPECT_EQ(word_at(swap_header(20 * kPage + 5, kPage), 1028), 19U);
}

TEST(SwapHeader, CountsPagesInTheHeadersThirtyTwoBits) {
    EXPECT_EQ(word_at(swap_header(std::uint64_t{1} << 50, kPage), 1028), 0xfffffffeU);
}

TEST(SwapHeader, IsNotMadeForLessThanTenPages) {
    EXPECT_NO_THROW(static_cast<void>(swap_header(10 * kPage, kPage)));
    test::expect_error([] { static_cast<void>(swap_header(10 * kPage - 1, kPage)); },
                       base::ErrorCode::invalid_argument,
                       "too small for swap space");
}

}  // namespace
}  // namespace kata::agent::guest
