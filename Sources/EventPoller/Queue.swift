/// First in, first out, without moving what waits: an array and the place of its head.
package struct Queue<Element> {
    private var elements: [Element?] = []
    private var head = 0

    /// An empty queue.
    package init() {}

    /// How many wait.
    package var count: Int { elements.count - head }

    /// True when none waits.
    package var isEmpty: Bool { head == elements.count }

    /// Puts one at the end.
    package mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the first.
    package mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity <= 1024)
            head = 0
        } else if head >= 256, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// The first, left where it is.
    package var first: Element? { head < elements.count ? elements[head] : nil }

    /// Takes the first that matches, wherever it waits.
    package mutating func popFirst(where matches: (Element) -> Bool) -> Element? {
        guard let index = elements[head...].firstIndex(where: { $0.map(matches) ?? false }) else { return nil }
        return index == head ? popFirst() : elements.remove(at: index)
    }

    /// True when one that matches waits.
    package func contains(where matches: (Element) -> Bool) -> Bool {
        elements[head...].contains { $0.map(matches) ?? false }
    }

    /// Takes out those that match, wherever they wait.
    package mutating func removeAll(where matches: (Element) -> Bool) {
        elements = elements[head...].filter { element in element.map { !matches($0) } ?? false }
        head = 0
    }
}
