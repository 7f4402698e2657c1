use super::filter::{SMALL_PRIMES, has_small_factor, passes_base_two, small_primes};
use super::{CANDIDATES_MAX, Generation, Prime, are_far_apart, candidate, passes_random_base};
use crate::identity::key::{KeyError, Progress};
use crate::identity::private_key::{PRIME_LEN, PUBLIC_EXPONENT, PrivateKey, modulo_e};
use chacha20::ChaCha8Rng;
use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Encoding, Integer, NonZero, U1024};
use crypto_primes::{Flavor, is_prime};
use rand_core::{CryptoRng, Infallible, Rng, SeedableRng, TryCryptoRng, TryRng};
use rsa::BoxedUint;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use std::sync::OnceLock;
use std::vec::Vec;
use zeroize::Zeroizing;

fn generate(rng: &mut dyn CryptoRng) -> (PrivateKey, Vec<Progress>) {
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
fn keys() -> &'static [PrivateKey; 2] {
    static KEYS: OnceLock<[PrivateKey; 2]> = OnceLock::new();
    KEYS.get_or_init(|| [1, 2].map(|seed| generate(&mut seeded(seed)).0))
}

fn seeded(seed: u8) -> ChaCha8Rng {
    ChaCha8Rng::from_seed([seed; 32])
}

/// The same number in the library that ours are compared with.
fn boxed<N: Encoding>(number: &N) -> BoxedUint
where
    N::Repr: AsRef<[u8]>,
{
    let bytes = number.to_be_bytes();
    BoxedUint::from_be_slice(bytes.as_ref(), bytes.as_ref().len() as u32 * 8).unwrap()
}

#[test]
fn the_primes_are_what_fips_186_5_asks_for() {
    for key in keys() {
        let primes = std::vec![boxed(&key.p), boxed(&key.q)];
        let e = BoxedUint::from(PUBLIC_EXPONENT);
        // Checks that all fits together.
        let same = rsa::RsaPrivateKey::from_components(boxed(&key.n), e.clone(), boxed(&key.d), primes).unwrap();
        assert!(key.is_consistent());
        assert_eq!(same.n().bits(), 2048);
        assert!(same.d().bits() > 1024);
        // The smallest exponent there is: the one that the library finds.
        let found = rsa::RsaPrivateKey::from_p_q(boxed(&key.p), boxed(&key.q), e).unwrap();
        assert!(found.d() == same.d() && found.dp() == Some(&boxed(&key.dp)) && found.dq() == Some(&boxed(&key.dq)));
        assert_eq!(found.qinv().map(|qinv| qinv.retrieve()), Some(boxed(&key.qinv)));
        assert!(key.p > key.q);
        assert!(key.p.wrapping_sub(&key.q).bits() > 924);
        for prime in [key.p, key.q] {
            assert!(prime.to_be_bytes()[0] >= 0b1100_0000);
            // Another test than the ones it was found by: base two and Lucas.
            assert!(is_prime(Flavor::Any, &boxed(&prime)));
            assert!(modulo_e(&prime) != 1);
        }
    }
}

#[test]
fn keys_of_either_order_of_the_primes_are_the_same() {
    let key = &keys()[0];
    assert!(PrivateKey::from_primes(&key.q, &key.p).unwrap() == *key);
    assert!(PrivateKey::from_primes(&key.p, &key.p).is_none());
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
    let (p, q): (Prime, Prime) = (Zeroizing::new(key.p), Zeroizing::new(key.q));
    assert!(candidate(&mut p.to_be_bytes(), None).is_some());
    assert!(candidate(&mut p.to_be_bytes(), Some(&q)).is_some());
    assert!(candidate(&mut p.to_be_bytes(), Some(&p)).is_none());

    let (limit, one) = (U1024::ONE.shl_vartime(924), U1024::ONE);
    for (distance, is_far) in [(limit.wrapping_sub(&one), false), (limit, false), (limit.wrapping_add(&one), true)] {
        let other = q.wrapping_add(&distance);
        assert_eq!((are_far_apart(&q, &other), are_far_apart(&other, &q)), (is_far, is_far));
    }
}

#[test]
fn a_prime_for_which_the_exponent_has_no_inverse_is_passed_over() {
    let mut rng = seeded(4);
    let e = U1024::from(PUBLIC_EXPONENT);
    let mut left = 20;
    while left > 0 {
        // A multiple of e, plus 1, odd and large enough.
        let mut factor = [0; PRIME_LEN];
        rng.fill_bytes(&mut factor[2..]);
        factor[1] = 0;
        factor[2] |= 0xe0;
        factor[PRIME_LEN - 1] &= 0xfe;
        let mut number = U1024::from_be_slice(&factor).wrapping_mul(&e).wrapping_add(&U1024::ONE).to_be_bytes();
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

    let prime = keys()[0].p;
    assert!(!has_small_factor(&prime.to_be_bytes()));
    for small in primes {
        // The largest odd multiple below the prime.
        let small_number = U1024::from(small);
        let multiple = prime.wrapping_sub(&prime.rem(&NonZero::new(small_number).unwrap()));
        let multiple = if bool::from(multiple.is_odd()) { multiple } else { multiple.wrapping_sub(&small_number) };
        assert!(has_small_factor(&multiple.to_be_bytes()), "{small}");
    }
}

/// Odd numbers of 1024 bits: random ones, extremes for carries, and at the end two primes.
fn odd_numbers() -> Vec<U1024> {
    let mut numbers = Vec::new();
    let mut rng = seeded(5);
    for _ in 0..40 {
        let mut bytes = [0; PRIME_LEN];
        rng.fill_bytes(&mut bytes);
        bytes[0] |= 0x80;
        bytes[PRIME_LEN - 1] |= 1;
        numbers.push(U1024::from_be_slice(&bytes));
    }
    // 2^1024 - 1, 2^1023 + 1, …
    for (fill, first, last) in [(0xff, 0xff, 0xff), (0, 0x80, 1), (0xff, 0x80, 0xff), (0, 0xff, 1), (0x80, 0x80, 0x81)]
    {
        let mut bytes = [fill; PRIME_LEN];
        bytes[0] = first;
        bytes[PRIME_LEN - 1] = last;
        numbers.push(U1024::from_be_slice(&bytes));
    }
    numbers.extend([keys()[0].p, keys()[0].q]);
    numbers
}

#[test]
fn the_test_to_the_base_two_agrees_with_the_arithmetic_of_the_library() {
    let reference = |number: &U1024| {
        let params = DynResidueParams::new(number);
        let power = DynResidue::new(&U1024::from_u8(2), params).pow(&number.shr_vartime(1)).retrieve();
        power == U1024::ONE || power == number.wrapping_sub(&U1024::ONE)
    };
    let numbers = odd_numbers();
    let verdicts: Vec<bool> = numbers.iter().map(|number| passes_base_two(number.as_words())).collect();
    assert_eq!(verdicts, numbers.iter().map(reference).collect::<Vec<bool>>());
    assert!(verdicts.ends_with(&[true, true]) && verdicts.contains(&false));
}

#[test]
fn a_round_with_a_random_base_passes_primes_only() {
    let mut numbers = odd_numbers();
    // Composites that are hard to tell: products of two primes that are alike, the second of them p·(2p - 1).
    let (p, two) = (U1024::from_u64(0xffff_ffff_ffff_ffc5), U1024::from_u8(2));
    for composite in [p.wrapping_mul(&p), p.wrapping_mul(&two).wrapping_sub(&U1024::ONE).wrapping_mul(&p)] {
        // To 1024 bits, by factors that are odd.
        let mut large = composite;
        while large.bits() < 960 {
            large = large.wrapping_mul(&p);
        }
        let missing = U1024::ONE.shl_vartime(1023 - large.bits()).wrapping_add(&U1024::ONE);
        numbers.insert(0, large.wrapping_mul(&missing.wrapping_mul(&two).wrapping_add(&U1024::ONE)));
    }
    let mut rng = seeded(6);
    // A prime for which more than the first power counts: p - 1 is a multiple of eight.
    let prime = loop {
        let mut bytes = [0; PRIME_LEN];
        rng.fill_bytes(&mut bytes);
        bytes[0] |= 0x80;
        bytes[PRIME_LEN - 1] = bytes[PRIME_LEN - 1] & !7 | 1;
        let number = U1024::from_be_slice(&bytes);
        if !has_small_factor(&bytes) && is_prime(Flavor::Any, &boxed(&number)) {
            break number;
        }
    };
    numbers.push(prime);
    for number in numbers.iter().filter(|number| number.bits() == 1024) {
        assert_eq!(passes_random_base(number, &mut rng), is_prime(Flavor::Any, &boxed(number)), "{number}");
    }
    // Without random numbers nothing passes.
    assert!(!passes_random_base(&keys()[0].p, &mut script(|_, block| block.fill(0))));
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
