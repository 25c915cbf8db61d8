// cri-client: one call of the container runtime interface, as the kubelet would make it. JSON in,
// JSON out, so that tests write requests and read answers with jq.
//
//   cri-client SOCKET METHOD        request on standard input, answer on standard output
//
// Ends with 1 and the runtime's words on standard error if the call fails, with 2 if it is used
// wrongly.
#include <chrono>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "cri.pb.h"

namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

// A pod boots a VM, under emulation.
constexpr std::chrono::seconds kPatience{240};

std::unique_ptr<Message> message_of(const google::protobuf::Descriptor* type) {
    return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

const MethodDescriptor& find_method(const std::string& name) {
    const auto* service =
        runtime::v1::Nothing::descriptor()->file()->FindServiceByName("RuntimeService");
    const MethodDescriptor* method = service->FindMethodByName(name);
    if (method == nullptr) {
        throw std::invalid_argument("no method \"" + name + "\"");
    }
    return *method;
}

grpc::ByteBuffer packed(const Message& message) {
    const grpc::Slice slice(message.SerializeAsString());
    return {&slice, 1};
}

void unpack(const grpc::ByteBuffer& buffer, Message& message) {
    grpc::Slice slice;
    if (!buffer.DumpToSingleSlice(&slice).ok() ||
        !message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
        throw std::runtime_error("the answer cannot be read");
    }
}

std::unique_ptr<Message> read_request(const MethodDescriptor& method) {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    auto request = message_of(method.input_type());
    const auto status = google::protobuf::util::JsonStringToMessage(text, request.get());
    if (!status.ok()) {
        throw std::invalid_argument("the request is not a " + method.input_type()->name() + ": " +
                                    status.ToString());
    }
    return request;
}

std::unique_ptr<Message> call(const std::string& socket,
                              const MethodDescriptor& method,
                              const Message& request) {
    grpc::GenericStub stub(
        grpc::CreateChannel("unix://" + socket, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    context.set_authority("localhost");
    grpc::CompletionQueue queue;
    const auto reader = stub.PrepareUnaryCall(
        &context, "/runtime.v1.RuntimeService/" + method.name(), packed(request), &queue);
    reader->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    reader->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) {
        throw std::runtime_error(status.error_message());
    }
    auto response = message_of(method.output_type());
    unpack(answer, *response);
    return response;
}

void print(const Message& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.always_print_primitive_fields = true;
    std::string text;
    static_cast<void>(google::protobuf::util::MessageToJsonString(message, &text, options));
    std::cout << text << std::flush;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3) {
            throw std::invalid_argument("usage: cri-client SOCKET METHOD <request.json");
        }
        const MethodDescriptor& method = find_method(argv[2]);
        print(*call(argv[1], method, *read_request(method)));
        return 0;
    } catch (const std::invalid_argument& error) {
        std::cerr << "cri-client: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "cri-client: " << error.what() << '\n';
        return 1;
    }
}
