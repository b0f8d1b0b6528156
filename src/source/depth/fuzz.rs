use super::*;
#[test]
fn fuzz() {
    let vocab = [
        "a", "1", "\"s\"", "{}", "()", "[0]", "{ a }", "(a)", "<", ">", "::", "->", "=>", "=", "==", "+", "-", "*",
        "&", "&&", "|", "||", "!", "?", ".", "..", ",", ";", ":", "'a", "if", "else", "match", "return", "break",
        "for", "in", "while", "loop", "let", "as", "impl", "dyn", "fn", "where", "unsafe", "async", "move", "const",
        "static", "mut", "ref", "use", "mod", "pub", "struct", "enum", "trait", "type", "@", "#", "#[a]", "$", "_",
        "self", "box", "yield", "+=", ">>=", "<<", "<<=", ">>", ">=", "m!()", "m!{}", "await", "crate", "extern",
        "macro", "do", "try", "raw", "union", "auto", "'a:", "true", "b", "T", "Sized",
    ];
    let ctx: [(&str, &str); 7] = [
        ("fn f() { x = ", "1; }"),
        ("fn f() { ", "1 }"),
        ("type A = ", "u8;"),
        ("fn f() { match a { ", "b => 1 } }"),
        ("", ""),
        ("fn f() { let ", "a = b; }"),
        ("impl A<", " > for B {}"),
    ];
    let mut seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
    let mut rnd = move |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    let count: usize = std::env::var("COUNT").unwrap().parse().unwrap();
    let (mut passed, mut parsed) = (0, 0);
    for _ in 0..count {
        let len = 1 + rnd(5);
        let motif: Vec<_> = (0..len).map(|_| vocab[rnd(vocab.len())]).collect();
        let motif = format!("{} ", motif.join(" "));
        let (open, close) = ctx[rnd(ctx.len())];
        let text = format!("{open}{}{close}", motif.repeat(60_000));
        if check_depth(&text).is_err() {
            continue;
        }
        // is the short version at all parseable far enough? cheap filter: parse 3 copies and see where the error lies
        let short = format!("{open}{}{close}", motif.repeat(40));
        if let Err(e) = syn::parse_file(&short) {
            if e.span().byte_range().start < open.len() + motif.len() * 30 {
                continue;
            }
        }
        proc_macro2::extra::invalidate_current_thread_spans();
        passed += 1;
        std::fs::write("/tmp/depth-fuzz-last", format!("{open}|{motif}|{close}")).unwrap();
        let start = std::time::Instant::now();
        let t = text.clone();
        let ok = std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(move || syn::parse_file(&t).map(|f| drop(f.clone())).is_ok())
            .unwrap()
            .join()
            .unwrap();
        if ok {
            parsed += 1;
        }
        if start.elapsed().as_secs_f32() > 3.0 {
            eprintln!("SLOW {:?} {open}|{motif}|{close}", start.elapsed());
        }
    }
    eprintln!("passed {passed} parsed {parsed}");
}
