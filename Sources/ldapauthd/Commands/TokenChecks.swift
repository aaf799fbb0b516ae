import Tokens

/// Whether a person's groups fit into the tokens of each client, for `check --user`.
enum TokenChecks {
    /// Proxies take 8 KiB of headers as a rule, and other headers want some of it.
    private static let room = 6 << 10
    /// The rest of a token: header, other claims, signature.
    private static let rest = 700

    static func steps(_ configuration: Configuration, groups: [String]) -> [CheckStep] {
        guard let clients = try? configuration.tokenClients() else { return [] }
        return clients.filter { $0.grants != [.clientCredentials] }.map { step($0, groups) }
    }

    private static func step(_ client: Client, _ groups: [String]) -> CheckStep {
        let claim = GroupClaim(groups, client: client)
        // Each name in JSON with quotes and a comma, and four characters of base64url for three octets.
        let size = rest + claim.names.reduce(0) { $0 + $1.utf8.count + 3 } * 4 / 3
        let remedy = "narrow group_filter of that client, or lower max_groups: all groups are in userinfo"
        if claim.hasMore {
            let message =
                "client “\(client.id)”: more groups than max_groups = \(client.maxGroups); the token has the first ones and "
                + "groups_overage"
            return CheckStep("token", .warning, .zero, message, remedy: remedy)
        }
        if size > room {
            let message =
                "client “\(client.id)”: \(claim.names.count) groups make a token of about \((size + 512) >> 10) KiB, and "
                + "many proxies take 8 KiB of headers"
            return CheckStep("token", .warning, .zero, message, remedy: remedy)
        }
        let message = "client “\(client.id)”: \(claim.names.count) groups go into its tokens, about \(size) octets"
        return CheckStep("token", .passed, .zero, message)
    }
}
