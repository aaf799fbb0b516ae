/// The clients of the configuration, by id.
public struct ClientRegistry: Sendable {
    private let clients: [String: Client]

    /// A registry; of two clients with one id the last counts (the configuration refuses that before).
    public init(_ clients: [Client]) {
        self.clients = Dictionary(clients.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// All of them, in no order.
    var all: some Collection<Client> { clients.values }

    /// The client with that id, compared exactly.
    public subscript(id: String) -> Client? { clients[id] }

    /// The hash an unknown client's secret is verified against, so that it costs what a wrong one costs; nil when no
    /// client has a hash and a wrong secret therefore costs nothing.
    var decoyHash: String? {
        clients.values.lazy.sorted { $0.id < $1.id }.compactMap { client in
            if case .hash(let phc) = client.secret { phc } else { nil }
        }.first
    }
}
