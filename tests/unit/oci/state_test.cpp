#include "pkg/oci/state.h"

#include "tests/unit/support/expect_error.h"

namespace kata::oci {
namespace {

using base::ErrorCode;
using test::error_of;

Lifecycle in(Status status) {
    return Lifecycle(ContainerId("c1"), status);
}

struct Row {
    Operation operation;
    std::vector<Status> allowed;
};

TEST(Lifecycle, AllowsExactlyWhatRuncAllows) {
    using enum Status;
    const std::vector<Row> rows{
        {Operation::start, {created}},
        {Operation::kill, {created, running, paused}},
        {Operation::kill_all, {created, running, paused, stopped}},
        {Operation::remove, {created, stopped}},
        {Operation::remove_forced, {creating, created, running, paused, stopped}},
        {Operation::exec, {created, running}},
        {Operation::exec_ignoring_pause, {created, running, paused}},
        {Operation::pause, {created, running}},
        {Operation::resume, {paused}},
        {Operation::ps, {created, running, paused}},
        {Operation::update, {created, running, paused}},
        {Operation::events, {created, running, paused}},
    };
    for (const Row& row : rows) {
        for (const Status status : {creating, created, running, paused, stopped}) {
            const bool expected =
                std::find(row.allowed.begin(), row.allowed.end(), status) != row.allowed.end();
            const auto label = std::to_string(static_cast<int>(row.operation)) + " in " +
                               std::string(to_string(status));
            EXPECT_EQ(in(status).allows(row.operation), expected) << label;
            const auto error = error_of([&] { in(status).require(row.operation); });
            EXPECT_EQ(error.has_value(), !expected) << label;
            if (error) {
                EXPECT_EQ(error->code(), ErrorCode::invalid_state) << label;
            }
        }
    }
}

TEST(Lifecycle, RefusesInTheWordsOfRunc) {
    struct Refusal {
        Status status;
        Operation operation;
        const char* words;
    };
    using enum Status;
    for (const Refusal& refusal : std::vector<Refusal>{
             {running, Operation::start, "cannot start an already running container"},
             {stopped, Operation::start, "cannot start a container that has stopped"},
             {paused, Operation::start, "cannot start a container in the paused state"},
             {creating, Operation::start, "cannot start a container in the creating state"},
             {stopped, Operation::kill, "container not running"},
             {creating, Operation::kill, "container not running"},
             {running,
              Operation::remove,
              "cannot delete container c1 that is not stopped: running"},
             {paused, Operation::remove, "cannot delete container c1 that is not stopped: paused"},
             {stopped, Operation::exec, "cannot exec in a stopped container"},
             {paused,
              Operation::exec,
              "cannot exec in a paused container (use --ignore-paused to override)"},
             {running, Operation::resume, "container not paused"},
             {stopped, Operation::pause, "container not running"},
             {stopped, Operation::events, "container with id c1 is not running"},
         }) {
        const auto error = error_of([&] { in(refusal.status).require(refusal.operation); });
        ASSERT_TRUE(error) << refusal.words;
        EXPECT_THAT(error->what(), testing::StartsWith(refusal.words));
        EXPECT_THAT(error->what(), testing::HasSubstr("\"c1\" is ")) << "names the container";
    }
}

TEST(Lifecycle, NamesUnknownAndRepeatedIdsInTheWordsOfRunc) {
    EXPECT_EQ(container_not_found(ContainerId("x")).code(), ErrorCode::not_found);
    EXPECT_THAT(container_not_found(ContainerId("x")).what(),
                testing::HasSubstr("container does not exist"));
    EXPECT_EQ(container_exists(ContainerId("x")).code(), ErrorCode::already_exists);
    EXPECT_THAT(container_exists(ContainerId("x")).what(),
                testing::HasSubstr("container with given ID already exists"));
}

TEST(Status, IsReadBackFromItsName) {
    for (const char* name : {"creating", "created", "running", "paused", "stopped"}) {
        const auto status = status_from_string(name);
        ASSERT_TRUE(status) << name;
        EXPECT_EQ(to_string(*status), name);
    }
    EXPECT_FALSE(status_from_string("Running"));
    EXPECT_FALSE(status_from_string(""));
}

using std::chrono::nanoseconds;
using std::chrono::system_clock;

system_clock::time_point at(std::int64_t seconds, std::int64_t nanos) {
    return system_clock::time_point(std::chrono::seconds(seconds) + nanoseconds(nanos));
}

TEST(Rfc3339Nano, WritesTheFractionWithoutZerosAtItsEnd) {
    EXPECT_EQ(rfc3339_nano(at(0, 0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(rfc3339_nano(at(1795332612, 888990034)), "2026-11-22T07:30:12.888990034Z");
    EXPECT_EQ(rfc3339_nano(at(1795332612, 120000000)), "2026-11-22T07:30:12.12Z");
    EXPECT_EQ(rfc3339_nano(at(1795332612, 1)), "2026-11-22T07:30:12.000000001Z");
}

ContainerSummary octest() {
    ContainerSummary summary;
    summary.oci_version = "1.0.2-dev";
    summary.id = "octest";
    summary.pid = 9216;
    summary.status = Status::created;
    summary.bundle = "/b2";
    summary.rootfs = "/b2/rootfs";
    summary.created = at(1795332612, 888990034);
    return summary;
}

// Both texts are what runc 1.1.5 printed for such a container.
TEST(StateJson, IsByteForByteThatOfRunc) {
    EXPECT_EQ(state_json(octest()),
              "{\n  \"ociVersion\": \"1.0.2-dev\",\n  \"id\": \"octest\",\n  \"pid\": 9216,\n"
              "  \"status\": \"created\",\n  \"bundle\": \"/b2\",\n  \"rootfs\": \"/b2/rootfs\",\n"
              "  \"created\": \"2026-11-22T07:30:12.888990034Z\",\n  \"owner\": \"\"\n}");
}

TEST(ListJson, IsByteForByteThatOfRunc) {
    ContainerSummary summary = octest();
    summary.owner = "root";
    EXPECT_EQ(list_json({summary}),
              "[{\"ociVersion\":\"1.0.2-dev\",\"id\":\"octest\",\"pid\":9216,"
              "\"status\":\"created\",\"bundle\":\"/b2\",\"rootfs\":\"/b2/rootfs\","
              "\"created\":\"2026-11-22T07:30:12.888990034Z\",\"owner\":\"root\"}]\n");
    EXPECT_EQ(list_json({}), "null\n");
}

TEST(StateJson, ShowsAnnotationsBetweenCreatedAndOwner) {
    ContainerSummary summary = octest();
    summary.annotations = {{"b", "2"}, {"a", "\"1\""}};
    EXPECT_THAT(state_json(summary),
                testing::HasSubstr("Z\",\n  \"annotations\": {\n    \"a\": \"\\\"1\\\"\",\n    "
                                   "\"b\": \"2\"\n  },\n  \"owner\""));
}

TEST(StateJson, SurvivesAPathThatIsNotUtf8) {
    ContainerSummary summary = octest();
    summary.bundle = "/b\xff";
    EXPECT_THAT(state_json(summary), testing::HasSubstr("/b\xef\xbf\xbd"));
}

TEST(HookState, HasTheMembersOfTheSpecification) {
    State state{"1.0.2", "x", Status::creating, 12, "/b", {}};
    EXPECT_EQ(to_json(state),
              R"({"ociVersion":"1.0.2","id":"x","status":"creating","pid":12,"bundle":"/b"})");
    state.pid = 0;
    state.annotations = {{"k", "v"}};
    EXPECT_EQ(
        to_json(state),
        R"({"ociVersion":"1.0.2","id":"x","status":"creating","bundle":"/b","annotations":{"k":"v"}})");
}

}  // namespace
}  // namespace kata::oci
