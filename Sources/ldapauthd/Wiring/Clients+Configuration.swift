import Authentication
import Tokens

extension Configuration {
    /// The clients with their secrets read.
    ///
    /// - Throws: a configuration failure that names the file of a secret that cannot be read or is no hash.
    func tokenClients() throws(CommandFailure) -> [Tokens.Client] {
        var result: [Tokens.Client] = []
        for client in clients { result.append(try client.tokenClient()) }
        return result
    }
}

extension Configuration.Client {
    fileprivate func tokenClient() throws(CommandFailure) -> Tokens.Client {
        Tokens.Client(
            id: id,
            secret: try clientSecret(),
            grants: grants,
            scopes: scopes,
            defaultScopes: defaultScopes,
            audience: audience,
            sources: sources,
            redirectURL: redirectURL,
            editorGroups: editorGroups,
            groupFilter: groupFilter,
            maxGroups: maxGroups,
            accessLifetime: accessLifetime,
            refreshIdle: refreshIdle,
            sessionMax: sessionMax
        )
    }

    private func clientSecret() throws(CommandFailure) -> ClientSecret? {
        do throws(SecretFileError) {
            if let secret { return .plain(try secret.read()) }
            guard let secretHash else { return nil }
            let text = unsafe try secretHash.read().withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
            guard PasswordHasher.isHash(text) else {
                throw SecretFileError(
                    "\(secretHash.path ?? secretHash.spelling) holds no hash: make one with `ldapauthd client hash-secret`"
                )
            }
            return .hash(text)
        } catch {
            throw CommandFailure(.configuration, "client “\(id)”: \(error.description)")
        }
    }
}
