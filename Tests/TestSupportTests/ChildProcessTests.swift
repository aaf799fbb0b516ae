import Glibc
import TestSupport
import Testing

@Suite struct ChildProcessTests {
    @Test func capturesBothStreamsAndTheExit() async throws {
        let outcome = try await ChildProcess.run(
            "sh",
            ["-c", "cat; echo $X >&2; exit 3"],
            environment: ["X": "fault"],
            input: Array("typed".utf8)
        )
        #expect(outcome.exit == .code(3))
        #expect(outcome.output == "typed")
        #expect(outcome.errorOutput == "fault\n")
    }

    @Test func endsWithItsObject() async throws {
        var child: ChildProcess? = try ChildProcess.start("sleep", ["100"])
        let pid = child?.pid ?? 0
        #expect(pid > 0 && kill(pid, 0) == 0)
        child = nil
        #expect(kill(pid, 0) != 0)
    }

    @Test func waitsForALineAndSaysWhyThereIsNone() async throws {
        let child = try ChildProcess.start("sh", ["-c", "sleep 0.1; echo ready at 80; exec sleep 100"])
        #expect(try await child.waitForLine(containing: "ready", in: .output) == "ready at 80")
        child.signal(SIGINT)
        #expect(try await child.wait(within: .seconds(5)) == .signal(SIGINT))
        await #expect(throws: TestSupportError.self) {
            try await child.waitForLine(containing: "never", within: .seconds(5))
        }
        #expect(!child.signal(SIGTERM))
    }

    @Test func theKernelEndsChildrenOfACrashedParent() async throws {
        // A shell that is killed stands for the test process: setpriv does for its child what it does for ours.
        let parent = try ChildProcess.start("sh", ["-c", "setpriv --pdeathsig KILL -- sleep 100 & echo $!; wait"])
        let line = try await parent.waitForLine(containing: "", in: .output)
        let pid = try #require(Int32(line))
        #expect(
            await eventually {
                text(ofFile: "/proc/\(pid)/cmdline").contains("sleep")
                    && !text(ofFile: "/proc/\(pid)/cmdline").contains("setpriv")
            }
        )
        parent.kill()
        #expect(await eventually { kill(pid, 0) != 0 || text(ofFile: "/proc/\(pid)/stat").contains(") Z ") })
    }

    @Test func portsAreFreeAndDifferent() throws {
        let ports = try (0..<50).map { _ in try freePort() }
        #expect(Set(ports).count == 50)
        #expect(ports.allSatisfy { (10_240..<32_000).contains($0) })
    }
}
