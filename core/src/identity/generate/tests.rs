use super::filter::{SMALL_PRIMES, has_small_factor, passes_base_two, small_primes};
use super::{CANDIDATES_MAX, Generation, PRIME_BITS, PRIME_LEN, PUBLIC_EXPONENT, Prime, are_far_apart, candidate};
use crate::identity::key::{KeyError, Progress};
use chacha20::ChaCha8Rng;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Integer, NonZero, Odd, Resize};
use crypto_primes::{Flavor, is_prime};
use rand_core::{CryptoRng, Infallible, Rng, SeedableRng, TryCryptoRng, TryRng};
use rsa::RsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use std::sync::OnceLock;
use std::vec::Vec;
use zeroize::Zeroizing;

fn generate(rng: &mut dyn CryptoRng) -> (RsaPrivateKey, Vec<Progress>) {
    let mut generation = Generation::new(rng).unwrap();
    let mut progress = Vec::new();
    loop {
        progress.push(generation.progress());
        if let Some(key) = generation.step(rng).unwrap() {
            return (key, progress);
        }
    }
}

/// Two keys for all tests that just need one: making them takes seconds in a debug build.
fn keys() -> &'static [RsaPrivateKey; 2] {
    static KEYS: OnceLock<[RsaPrivateKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| [1, 2].map(|seed| generate(&mut seeded(seed)).0))
}

fn seeded(seed: u8) -> ChaCha8Rng {
    ChaCha8Rng::from_seed([seed; 32])
}

fn bytes(number: &BoxedUint) -> [u8; PRIME_LEN] {
    number.to_be_bytes()[..].try_into().unwrap()
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice(bytes, PRIME_BITS).unwrap()
}

#[test]
fn the_primes_are_what_fips_186_5_asks_for() {
    for key in keys() {
        key.validate().unwrap();
        assert_eq!(key.n().bits(), 2048);
        assert_eq!(key.e(), &BoxedUint::from(PUBLIC_EXPONENT));
        assert!(key.d().bits() > PRIME_BITS);
        let [p, q] = key.primes() else { panic!("two primes") };
        assert!(p > q);
        assert!(p.wrapping_sub(&**q).bits() > 924);
        for prime in [p, q] {
            let prime: &BoxedUint = prime;
            assert!(bytes(prime)[0] >= 0b1100_0000);
            // Another test than the ones it was found by: base two and Lucas.
            assert!(is_prime(Flavor::Any, prime));
            let e = NonZero::new(BoxedUint::from(PUBLIC_EXPONENT)).unwrap();
            assert!(!bool::from(prime.rem_vartime(&e).is_one()));
        }
    }
}

#[test]
fn the_same_random_numbers_give_the_same_key() {
    assert!(generate(&mut seeded(1)).0 == keys()[0]);
    assert!(keys()[0] != keys()[1]);
}

#[test]
fn progress_only_grows() {
    let (_, progress) = generate(&mut seeded(3));
    assert_eq!(progress[0], Progress::default());
    for pair in progress.windows(2) {
        assert!(pair[0].candidates <= pair[1].candidates && pair[1].candidates - pair[0].candidates <= 1);
        assert!(pair[0].primes <= pair[1].primes && pair[1].primes - pair[0].primes <= 1);
    }
    let last = progress.last().unwrap();
    assert_eq!(last.primes, 2);
    // A step is one candidate or one test, so there are more steps than candidates, but not many more.
    assert!(progress.len() > last.candidates as usize && progress.len() < 2 * last.candidates as usize + 20);
}

#[test]
fn a_stuck_random_number_generator_is_reported() {
    assert_eq!(Generation::new(&mut script(|_, block| block.fill(0x5a))).err(), Some(KeyError::Device));
}

#[test]
fn the_search_gives_up_when_no_candidate_can_be_prime() {
    // Alive, but every candidate becomes 2^1024 - 1, a multiple of 3.
    let rng = &mut script(|call, block| block.fill(if block.len() == PRIME_LEN { 0xff } else { call }));
    let mut generation = Generation::new(rng).unwrap();
    for drawn in 1..=CANDIDATES_MAX {
        assert!(generation.step(rng).unwrap().is_none());
        assert_eq!(generation.progress(), Progress { candidates: drawn, primes: 0, done: false });
    }
    assert_eq!(generation.step(rng).err(), Some(KeyError::Device));
}

#[test]
fn a_prime_too_close_to_the_other_is_passed_over() {
    let key = &keys()[0];
    let p: Prime = Zeroizing::new(key.primes()[0].clone());
    let q: Prime = Zeroizing::new(key.primes()[1].clone());
    assert!(candidate(&mut bytes(&p), None).is_some());
    assert!(candidate(&mut bytes(&p), Some(&q)).is_some());
    assert!(candidate(&mut bytes(&p), Some(&p)).is_none());

    let limit = BoxedUint::one_with_precision(PRIME_BITS).shl(924);
    let one = BoxedUint::one_with_precision(PRIME_BITS);
    for (distance, is_far) in
        [(limit.wrapping_sub(&one), false), (limit.clone(), false), (limit.wrapping_add(&one), true)]
    {
        let other = q.wrapping_add(&distance);
        assert_eq!((are_far_apart(&q, &other), are_far_apart(&other, &q)), (is_far, is_far));
    }
}

#[test]
fn a_prime_for_which_the_exponent_has_no_inverse_is_passed_over() {
    let mut rng = seeded(4);
    let e = BoxedUint::from(PUBLIC_EXPONENT);
    let mut left = 20;
    while left > 0 {
        // A multiple of e, plus 1, odd and large enough.
        let mut factor = [0; PRIME_LEN];
        rng.fill_bytes(&mut factor[2..]);
        factor[1] = 0;
        factor[2] |= 0xe0;
        factor[PRIME_LEN - 1] &= 0xfe;
        let mut number = bytes(&number(&factor).wrapping_mul(&e).wrapping_add(BoxedUint::one()));
        if number[0] < 0b1100_0000 || has_small_factor(&number) {
            continue;
        }
        assert!(candidate(&mut number, None).is_none());
        left -= 1;
    }
}

#[test]
fn trial_division_finds_each_of_its_primes_and_no_other() {
    let primes: Vec<u32> = small_primes().collect();
    let expected: Vec<u32> =
        (3..).filter(|&n| (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0)).take(SMALL_PRIMES).collect();
    assert_eq!(primes, expected);

    let prime: &BoxedUint = &keys()[0].primes()[0];
    assert!(!has_small_factor(&bytes(prime)));
    for small in primes {
        // The largest odd multiple below the prime.
        let rest = prime.rem_vartime(&NonZero::new(BoxedUint::from(small)).unwrap());
        let multiple = prime.wrapping_sub(&rest);
        let multiple =
            if bool::from(multiple.is_odd()) { multiple } else { multiple.wrapping_sub(BoxedUint::from(small)) };
        assert!(has_small_factor(&bytes(&multiple)), "{small}");
    }
}

#[test]
fn the_test_to_the_base_two_agrees_with_the_arithmetic_of_the_library() {
    let reference = |number: &BoxedUint| {
        let params = BoxedMontyParams::new(Odd::new(number.clone()).unwrap());
        let two = BoxedMontyForm::new(BoxedUint::from(2_u8).resize_unchecked(PRIME_BITS), &params);
        let power = two.pow(&number.shr(1));
        power == BoxedMontyForm::one(&params) || power == -BoxedMontyForm::one(&params)
    };
    let mut numbers = Vec::new();
    let mut rng = seeded(5);
    for _ in 0..40 {
        let mut bytes = [0; PRIME_LEN];
        rng.fill_bytes(&mut bytes);
        bytes[0] |= 0x80;
        bytes[PRIME_LEN - 1] |= 1;
        numbers.push(number(&bytes));
    }
    // Extremes for carries: 2^1024 - 1, 2^1023 + 1, …
    for (fill, first, last) in [(0xff, 0xff, 0xff), (0, 0x80, 1), (0xff, 0x80, 0xff), (0, 0xff, 1), (0x80, 0x80, 0x81)]
    {
        let mut bytes = [fill; PRIME_LEN];
        bytes[0] = first;
        bytes[PRIME_LEN - 1] = last;
        numbers.push(number(&bytes));
    }
    numbers.extend(keys()[0].primes().iter().map(|prime| BoxedUint::clone(prime)));
    let verdicts: Vec<bool> = numbers.iter().map(|number| passes_base_two(number.as_words())).collect();
    assert_eq!(verdicts, numbers.iter().map(reference).collect::<Vec<bool>>());
    assert!(verdicts.ends_with(&[true, true]) && verdicts.contains(&false));
}

/// Random numbers by script: it gets the number of the call and the block to fill.
struct Script<F> {
    calls: u8,
    fill: F,
}

fn script<F: FnMut(u8, &mut [u8])>(fill: F) -> Script<F> {
    Script { calls: 0, fill }
}

impl<F: FnMut(u8, &mut [u8])> TryRng for Script<F> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only blocks are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only blocks are drawn")
    }

    fn try_fill_bytes(&mut self, block: &mut [u8]) -> Result<(), Infallible> {
        self.calls = self.calls.wrapping_add(1);
        (self.fill)(self.calls, block);
        Ok(())
    }
}

impl<F: FnMut(u8, &mut [u8])> TryCryptoRng for Script<F> {}
