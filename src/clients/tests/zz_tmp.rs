use super::*;
#[test]
fn timing() {
    use std::time::Instant;
    let t = Instant::now();
    let c = Catalogue::embedded();
    eprintln!("embedded headers {:?}", t.elapsed());
    let t = Instant::now();
    c.any_method("set_ex");
    eprintln!("names {:?}", t.elapsed());
    let t = Instant::now();
    c.command("GET");
    eprintln!("commands {:?}", t.elapsed());
    for s in c.clients() {
        let t = Instant::now();
        c.methods(s.id).count();
        eprintln!("{} {:?}", s.name, t.elapsed());
    }
}
#[test]
fn dump() {
    let c = Catalogue::embedded();
    for s in c.clients() {
        for m in c.methods(s.id) {
            println!(
                "ROW\t{}\t{}\t{}\t{:?}\t{:?}\t{:?}\t{}\t{:?}\t{}\t{:?}\t{:?}\t{:?}\t{}\t{:?}\t{:?}\t{:?}\t{:?}",
                s.name,
                m.name,
                m.command,
                m.alternative,
                m.effect,
                m.on_ttl,
                m.creates,
                m.keys,
                m.many,
                m.value,
                m.field,
                m.ttl,
                m.args,
                m.since,
                m.until,
                m.pattern,
                m.channel
            );
        }
    }
}
