import Glibc

extension PostgresServer {
    /// Starts a streaming standby with a copy of this server's data; from then on no commit of this server is answered
    /// before the standby has it on its disk.
    public func startStandby() async throws -> PostgresServer {
        let folder = try TemporaryDirectory("pg")
        let data = folder.path(of: "data")
        try folder.write("", to: "log")
        _ = try folder.write("", to: "run/.keep")
        if getuid() == 0 { for file in [folder.path, folder.path(of: "run")] { chown(file, 65534, 65534) } }
        let copied = try await ChildProcess.run(
            Self.unprivileged[0],
            Array(Self.unprivileged.dropFirst()) + [
                "\(Self.programs)/pg_basebackup", "-h", "127.0.0.1", "-p", "\(port)", "-U", Self.user, "-D", data, "-R",
                "-X", "stream", "-c", "fast", "--no-sync",
            ],
            environment: ["PGPASSWORD": Self.password]
        )
        guard copied.succeeded else { throw TestSupportError("pg_basebackup: \(copied.errorOutput)") }
        let standbyPort = try freePort()
        // What stands last counts; pg_basebackup has written where the data come from.
        let file = folder.path(of: "data/postgresql.auto.conf")
        let lines = [
            "port = \(standbyPort)", "unix_socket_directories = '\(folder.path(of: "run"))'",
            "synchronous_standby_names = ''",
        ]
        try folder.write(text(ofFile: file) + lines.joined(separator: "\n") + "\n", to: "data/postgresql.auto.conf")
        if getuid() == 0 { chown(file, 65534, 65534) }
        let standby = PostgresServer(
            port: standbyPort,
            folder: folder,
            process: try await Self.launch(folder, port: standbyPort)
        )
        let isStreaming = try await eventually(within: .seconds(20)) {
            try await sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'").hasPrefix("1")
        }
        guard isStreaming else { throw TestSupportError("the standby does not stream") }
        try await sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try await sql("SELECT pg_reload_conf()")
        let isSynchronous = try await eventually(within: .seconds(20)) {
            try await sql("SELECT sync_state FROM pg_stat_replication").hasPrefix("sync")
        }
        guard isSynchronous else { throw TestSupportError("the standby is not synchronous") }
        return standby
    }

    /// Makes a standby the server that takes writes.
    public func promote() async throws {
        try await sql("SELECT pg_promote()")
    }
}
