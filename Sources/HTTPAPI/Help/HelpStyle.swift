/// The one style sheet of the pages.
enum HelpStyle {
    static let sheet = """
        :root { color-scheme: light dark; --text: #1b1f24; --faint: #5b6470; --back: #ffffff; --panel: #f3f5f7;
          --line: #d5dae0; --link: #0b57c2; }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e4e7eb; --faint: #9ea8b3; --back: #14171a; --panel: #1f2429; --line: #38404a; --link: #86b7ff; }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body { margin: 0 auto; max-width: 56rem; padding: 1rem 1rem 4rem; background: var(--back); color: var(--text);
          font: 1rem/1.5 system-ui, sans-serif; }
        a { color: var(--link); }
        nav { display: flex; gap: 1.25rem; font-size: .9rem; }
        h1 { font-size: 1.4rem; line-height: 1.3; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
        h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
        p { margin: .5rem 0; }
        code, pre { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
        code { overflow-wrap: anywhere; }
        pre { margin: .4rem 0; padding: .7rem .8rem; background: var(--panel); border: 1px solid var(--line);
          border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
        dl { margin: 0; }
        dl > div { padding: .5rem 0; border-bottom: 1px solid var(--line); }
        dl > div:last-child { border-bottom: 0; }
        dt { font-weight: 600; overflow-wrap: anywhere; }
        dd { margin: 0; }
        .faint { color: var(--faint); font-weight: 400; font-size: .875rem; }
        .method { color: var(--faint); font-size: .875em; font-weight: 700; margin-right: .4em; }
        .said { margin: 0; font-style: italic; }
        summary { cursor: pointer; color: var(--link); font-size: .875rem; }
        @media (min-width: 45rem) {
          dl > div { display: grid; grid-template-columns: 15rem 1fr; column-gap: 1.5rem; }
          dl.wide > div { display: block; }
          .index > div { grid-template-columns: 25rem 1fr; }
        }
        """
}
