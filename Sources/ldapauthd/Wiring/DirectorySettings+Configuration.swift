import Authentication
import DirectoryAuth
import LDAPClient

extension Configuration.Directory {
    /// What DirectoryAuth is told, defaults of the kind filled in.
    var settings: DirectorySettings {
        var settings = DirectorySettings(
            id: SourceID(id),
            name: name,
            kind: kind,
            hosts: urls.map(host),
            userBase: userBase,
            groupsBase: groups.base
        )
        // The scheme and the host are those that the DNS names.
        let template = host(LDAPURL(scheme: .ldaps, host: "", port: 0))
        settings.discoveries = services.map { service in
            HostDiscovery(
                domain: service.domain,
                position: service.position,
                template: template,
                allowsCleartext: allowCleartext
            )
        }
        settings.userScope = userScope == .subtree ? .subtree : .oneLevel
        settings.userFilter = userFilter
        settings.bindDNTemplate = bindDNTemplate
        settings.domains = domains
        settings.stripDomain = stripDomain
        settings.dnCache = dnCache
        attributes.apply(to: &settings.attributes)
        groups.apply(to: &settings.groups)
        return settings
    }

    /// `urls` as it takes effect.
    var places: [String] {
        var places = urls.map(\.description)
        for service in services.reversed() { places.insert("srv:\(service.domain)", at: service.position) }
        return places
    }

    private func host(_ url: LDAPURL) -> LDAPHostSettings {
        LDAPHostSettings(
            url: url,
            startTLS: startTLS,
            tls: LDAPTLSSettings(
                caFile: caFile,
                clientCertificateFile: clientCertificateFile,
                clientKeyFile: clientKeyFile,
                minimumVersion: minimumTLS == .tls13 ? .tls13 : .tls12,
                verifiesCertificate: verify == .full
            ),
            connectTimeout: connectTimeout,
            operationTimeout: operationTimeout,
            serviceConnections: serviceConnections,
            bindConnections: bindConnections,
            idleTimeout: idleTimeout,
            serviceIdentities: serviceIdentities(url)
        )
    }

    /// The searching identity: bind_dn; else, with a template, the person alone; else a certificate or the peer of a
    /// Unix socket (SASL EXTERNAL); else nobody in particular.
    private func serviceIdentities(_ url: LDAPURL) -> [ServiceIdentity] {
        if !bindIdentities.isEmpty {
            return bindIdentities.map { identity in
                .simple(dn: identity.dn) { try identity.password.read() }
            }
        }
        if bindDNTemplate != nil { return [] }
        if clientCertificateFile != nil || url.scheme == .ldapi { return [.external] }
        return [.anonymous]
    }
}

extension Configuration.Directory.Attributes {
    fileprivate func apply(to attributes: inout DirectoryAttributes) {
        if let id { attributes.id = id }
        if let username { attributes.username = username }
        if let firstName { attributes.firstName = firstName }
        if let lastName { attributes.lastName = lastName }
        if let displayName { attributes.displayName = displayName }
        if let email { attributes.email = email }
        attributes.emailSuffix = emailSuffix
        attributes.userID = userID
    }
}

extension Configuration.Directory.Groups {
    fileprivate func apply(to groups: inout DirectoryGroups) {
        if let mode { groups.mode = mode }
        if let filter { groups.filter = filter }
        if let match { groups.match = match }
        if let name { groups.name = name }
        if let nested { groups.nested = nested }
        groups.maxDepth = maxDepth
        groups.cache = cache
    }
}
