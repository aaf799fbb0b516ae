import Negotiate

extension Configuration {
    /// `[kerberos]`: Windows sign-on without a password.
    struct Kerberos: Sendable {
        /// Nil switches it off.
        var keytab: SecretFile?
        var service: String
        var channelBinding: ChannelBindingPolicy
    }
}

extension Configuration.Kerberos {
    static func read(_ table: ConfigurationTable, folder: String) -> Configuration.Kerberos {
        let result = Configuration.Kerberos(
            keytab: table.string("keytab_file").map { SecretFile($0, relativeTo: folder) },
            service: table.string("service", default: "HTTP"),
            channelBinding: table.choice("channel_binding", default: .allow)
        )
        if result.service.isEmpty || result.service.contains(where: { "/@\\".contains($0) || $0.isWhitespace }) {
            table.refuse(
                "service",
                "“\(result.service)” is no name of a service: write only what stands before the host, like HTTP"
            )
        }
        table.refuseUnknownKeys()
        return result
    }
}
