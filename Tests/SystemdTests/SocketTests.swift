import TestSupport
import Testing

/// ldapauthd.socket: systemd holds the listeners, the daemon may come and go behind them.
@Suite struct SocketTests {
    private static let configuration = Machine.configuration(http: "listen = [\"systemd\"]")

    @Test func theFirstConnectionStartsTheService() async throws {
        try await Machine.run { machine in
            try await machine.serve(Self.configuration, units: "ldapauthd.socket")
            #expect(try await machine.property("ActiveState") == "inactive")
            #expect(try await machine.login().status == 200)
            #expect(try await machine.property("ActiveState") == "active")
            // The same through the Unix socket.
            let socket = machine.path(of: "/run/ldapauthd.sock")
            #expect(try await machine.login(url: "http://localhost", ["--unix-socket", socket]).status == 200)
        }
    }

    @Test func aRestartRefusesNoConnection() async throws {
        try await Machine.run { machine in
            let configuration = Machine.configuration(http: "listen = [\"systemd\"]", level: "info")
            try await machine.serve(configuration, units: "ldapauthd.socket ldapauthd.service")
            let load = try await Load.login(on: machine, seconds: 10) {
                for _ in 0..<3 {
                    try await Task.sleep(for: .seconds(1))
                    try await machine.shell("systemctl restart ldapauthd")
                }
            }
            #expect(load.others.isEmpty, "\(load.others)")
            #expect(load.good > 0)
            let after = try await Load.refresh(load.tokens, on: machine)
            #expect(after.good == load.good, "\(after.others)")
        }
    }

    @Test func anUpgradeRefusesNoConnection() async throws {
        try await Machine.run { machine in
            let configuration = Machine.configuration(http: "listen = [\"systemd\"]", level: "info")
            try await machine.serve(configuration, units: "ldapauthd.socket ldapauthd.service")
            try await machine.shell("systemctl enable ldapauthd.socket")
            let main = try await machine.property("MainPID")
            let install = "DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /root/ldapauthd.deb"

            // Upgraded: dpkg does the same for a package of the same number.
            let load = try await Load.login(on: machine, seconds: 15) {
                try await machine.shell(install, within: .seconds(300))
            }
            #expect(load.others.isEmpty, "\(load.others)")
            #expect(try await machine.property("ActiveState", of: "ldapauthd.socket") == "active")
            #expect(try await machine.property("ActiveState") == "active")
            #expect(try await machine.property("MainPID") != main, "the new program runs")
            #expect(try await machine.login().status == 200)

            // Removed: nobody listens in its name, so that nothing is started that is not there.
            try await machine.shell("apt-get -q -y remove ldapauthd", within: .seconds(300))
            #expect(try await machine.property("ActiveState", of: "ldapauthd.socket") == "inactive")
            #expect(try await machine.property("ActiveState") == "inactive")
            #expect(try await machine.login().status == 0)

            // Installed again: what was enabled is.
            try await machine.shell(install, within: .seconds(300))
            #expect(try await machine.property("ActiveState", of: "ldapauthd.socket") == "active")
            #expect(try await machine.property("ActiveState") == "active")
            #expect(try await machine.login().status == 200)
        }
    }

    @Test func theSocketUnitIsNotInTheWayOfWhoDoesNotWantIt() async throws {
        try await Machine.run { machine in
            let state = try await machine.command("systemctl", "is-enabled", "ldapauthd.socket")
            #expect(state.output == "disabled\n")
        }
    }
}
