use cache_patterns::Ttl;

const NEVER: Ttl = Ttl::secs(0);

fn main() {
    println!("{NEVER:?}");
}

// says: a TTL of zero would make the entry vanish as it is written
