import Authentication
import LDAPClient
import Logging

extension Configuration {
    /// What was switched off on purpose is said each time it comes in force, so that nobody forgets it.
    func warnOfWaivedProtection(_ logger: Logger) {
        if http.allowCleartext && !http.isGuarded {
            logger.warning("http.allow_cleartext: passwords may reach this daemon in clear text")
        }
        if !throttle.limitsAccounts {
            logger.warning("[throttle] lets anybody guess at one account without end: account_failures or a wait is 0")
        }
        if storage.trustsNetwork {
            logger.warning("storage.url has no sslmode=verify-full: nobody checks whose database it is")
        }
        for directory in directories {
            let name: Logger.Metadata = ["directory": "\(directory.name)"]
            if directory.verify == .insecureNone {
                logger.warning(
                    "verify is insecure-none: nobody checks the certificate of the directory",
                    metadata: name
                )
            }
            let isPlain = directory.urls.contains { $0.scheme == .ldap && !CleartextRule.isLoopback($0.host) }
            // What the DNS names is spoken to in clear text only where that is allowed.
            let mayBePlain = isPlain || (!directory.services.isEmpty && directory.allowCleartext)
            if mayBePlain && !directory.startTLS {
                logger.warning("allow_cleartext: passwords are sent to the directory in clear text", metadata: name)
            }
        }
    }

    /// What sources are called in logs and metrics.
    var sourceNames: [String] { directories.map(\.name) + ["local"] }

    /// True when some request can reach the local accounts.
    var usesLocalAccounts: Bool {
        authentication.order.contains(.local) || !authentication.fallbackToLocal.isEmpty
            || clients.contains { $0.sources.contains(.local) }
    }
}
