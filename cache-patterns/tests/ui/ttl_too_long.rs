use cache_patterns::Ttl;

const FOR_EVER: Ttl = Ttl::hours(24 * 365);

fn main() {
    println!("{FOR_EVER:?}");
}
