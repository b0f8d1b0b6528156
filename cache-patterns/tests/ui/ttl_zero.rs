use cache_patterns::Ttl;

const NEVER: Ttl = Ttl::secs(0);

fn main() {
    println!("{NEVER:?}");
}
