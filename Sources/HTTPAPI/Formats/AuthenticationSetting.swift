/// The answer of `GET /api/System/authenticationSetting`: how one may log in.
public struct AuthenticationSetting: Sendable, Hashable {
    /// A directory a client may name.
    public struct Directory: Sendable, Hashable {
        /// Its LDAPServerId.
        public var id: Int32
        /// Its name in the configuration.
        public var name: String

        /// A directory.
        public init(id: Int32, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// True when local accounts may log in.
    public var supportsLocalAccounts: Bool
    /// True when a directory may be named.
    public var supportsDirectories: Bool
    /// The directories listed, in the order of the configuration.
    public var directories: [Directory]
    /// Always false here; clients of the original expect the member.
    public var forbidsSampleUserLogin: Bool

    /// A setting; `Success` is true and `Error` null in every answer.
    public init(
        supportsLocalAccounts: Bool,
        supportsDirectories: Bool,
        directories: [Directory],
        forbidsSampleUserLogin: Bool = false
    ) {
        self.supportsLocalAccounts = supportsLocalAccounts
        self.supportsDirectories = supportsDirectories
        self.directories = directories
        self.forbidsSampleUserLogin = forbidsSampleUserLogin
    }
}

extension AuthenticationSetting: WireBody {
    /// `Success`, `Error`, `Data`.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("Success", true)
            json.member("Error", nil as String?)
            json.member("Data") { json in
                json.object { json in
                    json.member("SupportDevsuiteAuthentication", supportsLocalAccounts)
                    json.member("SupportLDAPAuthentication", supportsDirectories)
                    json.member("LDAPServers") { json in
                        json.array(directories) { json, directory in
                            json.object { json in
                                json.member("Id", directory.id)
                                json.member("Name", directory.name)
                            }
                        }
                    }
                    json.member("ForbidSampleUserLoginDirectly", forbidsSampleUserLogin)
                }
            }
        }
    }

    /// `API_Data_AuthenticationSetting`; the members of `Data` lie in a namespace of their own, the pairs do not.
    public func write(to xml: inout XMLWriter) {
        xml.root("API_Data_AuthenticationSetting", namespace: "TechExcel.DTKService.Model.Common") { xml in
            let entities = XMLWriter.dataContractNamespace + "TechExcel.DTKService.Model.Entities"
            xml.element("Data", attributes: " xmlns:d2p1=\"\(entities)\"") { xml in
                xml.element("d2p1:ForbidSampleUserLoginDirectly", forbidsSampleUserLogin)
                xml.element("d2p1:LDAPServers") { xml in
                    for directory in directories {
                        xml.element("NameIdPair") { xml in
                            xml.element("Id", directory.id)
                            xml.element("Name", directory.name)
                        }
                    }
                }
                xml.element("d2p1:SupportDevsuiteAuthentication", supportsLocalAccounts)
                xml.element("d2p1:SupportLDAPAuthentication", supportsDirectories)
            }
            xml.element("Error", nil as String?)
            xml.element("Success", true)
        }
    }
}
