//! The laws of patches and masks, over arbitrary settings and patches.

use std::collections::BTreeMap;

use conversation_settings_core::{ConversationReq, CustomPatch, Field, Mask, Patch, Settings, Value};
use conversation_settings_testkit::strategies::{mask, patch, settings};
use proptest::prelude::*;
use serde_json::json;

fn applied(settings: &Settings, patch: &Patch) -> Settings {
    let mut settings = settings.clone();
    patch.apply(&mut settings);
    settings
}

/// What a patch or settings say, by the name that clients see: `isPinned`, `custom.theme`. A removed name is `null`.
fn by_name<'a>(values: impl Iterator<Item = (Field, Value<'a>)>) -> BTreeMap<String, serde_json::Value> {
    let named = |(field, value): (Field, Value<'a>)| match value {
        Value::Custom(names) => {
            names.iter().map(|(name, value)| (format!("{field}.{name}"), json!(value))).collect::<Vec<_>>()
        }
        value => vec![(field.to_string(), json!(value))],
    };
    values.flat_map(named).collect()
}

proptest! {
    #[test]
    fn the_empty_patch_changes_nothing(s in settings()) {
        let mut after = s.clone();
        prop_assert!(Patch::KEEP.apply(&mut after).is_empty());
        prop_assert_eq!(after, s);
    }

    #[test]
    fn applying_twice_is_applying_once(s in settings(), p in patch()) {
        let mut once = applied(&s, &p);
        let expected = once.clone();
        prop_assert!(p.apply(&mut once).is_empty(), "the second time nothing changes");
        prop_assert_eq!(once, expected);
    }

    #[test]
    fn composition_applies_one_after_the_other(s in settings(), p in patch(), q in patch()) {
        prop_assert_eq!(applied(&s, &p.clone().then(q.clone())), applied(&applied(&s, &p), &q));
    }

    #[test]
    fn composition_is_associative(p in patch(), q in patch(), r in patch()) {
        let left = p.clone().then(q.clone()).then(r.clone());
        prop_assert_eq!(left, p.then(q.then(r)));
    }

    #[test]
    fn the_later_patch_wins(p in patch(), q in patch()) {
        let mut expected = by_name(p.values());
        expected.extend(by_name(q.values()));
        let both = p.then(q);
        prop_assert_eq!(by_name(both.values()), expected, "a removal too");
        prop_assert_eq!(both.names().collect::<Vec<_>>().len(), by_name(both.values()).len());
    }

    #[test]
    fn the_empty_patch_is_the_identity_of_composition(p in patch()) {
        prop_assert_eq!(&p.clone().then(Patch::KEEP), &p);
        prop_assert_eq!(Patch::KEEP.then(p.clone()), p);
    }

    #[test]
    fn patches_with_disjoint_masks_commute(s in settings(), t in settings(), mask in mask(), other in mask()) {
        let (p, q) = (s.get(mask), t.get(other - mask));
        prop_assert_eq!(p.clone().then(q.clone()), q.then(p));
    }

    #[test]
    fn fields_outside_the_mask_stay_identical(s in settings(), p in patch()) {
        let after = applied(&s, &p);
        for field in (Mask::ALL - p.mask()).iter() {
            prop_assert_eq!(after.value(field), s.value(field));
        }
    }

    #[test]
    fn fields_inside_the_mask_are_what_the_patch_sets(s in settings(), p in patch()) {
        let after = by_name(applied(&s, &p).values());
        for (name, value) in by_name(p.values()) {
            prop_assert_eq!(after.get(&name), Some(&value).filter(|value| !value.is_null()), "{}", name);
        }
    }

    #[test]
    fn names_outside_the_patch_stay_identical(s in settings(), p in patch()) {
        let (before, after, patch) = (by_name(s.values()), by_name(applied(&s, &p).values()), by_name(p.values()));
        let outside = |all: BTreeMap<String, serde_json::Value>| {
            all.into_iter().filter(|(name, _)| !patch.contains_key(name)).collect::<Vec<_>>()
        };
        prop_assert_eq!(outside(after), outside(before));
    }

    #[test]
    fn patches_of_different_names_commute(p in patch(), q in patch()) {
        let p = p.only(Field::Custom.into());
        let others = q.custom.iter().flat_map(CustomPatch::iter).filter(|(name, _)| {
            !p.custom.iter().flat_map(CustomPatch::iter).any(|(of_p, _)| of_p == *name)
        });
        let q = Patch::KEEP.custom(others.map(|(name, value)| (name.clone(), value.cloned())).collect::<CustomPatch>());
        let (one, other) = (p.clone().then(q.clone()), q.then(p));
        prop_assert_eq!(by_name(one.values()), by_name(other.values()));
    }

    #[test]
    fn the_difference_leads_from_one_to_the_other(s in settings(), t in settings()) {
        prop_assert_eq!(applied(&s, &Patch::between(&s, &t)), t);
        prop_assert!(Patch::between(&s, &s).is_empty());
    }

    #[test]
    fn the_changed_mask_is_exactly_what_differs(s in settings(), p in patch()) {
        let mut after = s.clone();
        let changed = p.apply(&mut after);
        let differs = Field::ALL.iter().copied().filter(|&field| after.value(field) != s.value(field));
        prop_assert_eq!(changed, differs.collect::<Mask>());
    }

    #[test]
    fn getting_and_setting_by_mask_is_a_no_op(s in settings(), mask in mask()) {
        let mut after = s.clone();
        let patch = s.get(mask);
        prop_assert_eq!(patch.mask(), mask);
        prop_assert!(patch.apply(&mut after).is_empty());
        prop_assert_eq!(after, s);
    }

    #[test]
    fn a_field_set_by_its_primitive_is_the_field_set_by_its_type(p in patch()) {
        let rebuilt = p.values().try_fold(Patch::KEEP, |patch, (field, value)| patch.with(field, value));
        prop_assert_eq!(rebuilt, Ok(p));
    }

    #[test]
    fn a_patch_reads_back_as_written(p in patch()) {
        let text = serde_json::to_string(&p).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Patch>(&text).unwrap(), &p);
        let tree = serde_json::to_value(&p).unwrap();
        prop_assert_eq!(serde_json::from_value::<Patch>(tree).unwrap(), p);
    }

    #[test]
    fn the_strict_reader_agrees_with_the_lenient_one(p in patch()) {
        let p = p.only(Field::ALL.iter().copied().filter(|field| field.is_client()).collect());
        let json = serde_json::to_value(&p).unwrap();
        let lenient: ConversationReq = serde_json::from_value(json).unwrap();
        prop_assert_eq!(lenient.patch(), Ok(p));
    }

    #[test]
    fn settings_read_back_from_their_values(s in settings()) {
        let read = Settings::from_values(|field| Ok::<_, conversation_settings_core::FieldError>(s.value(field)));
        prop_assert_eq!(read.as_ref(), Ok(&s));
    }

    #[test]
    fn a_mask_reads_back_as_printed(mask in mask()) {
        prop_assert_eq!(mask.to_string().parse(), Ok(mask));
        let json = serde_json::to_string(&mask).unwrap();
        prop_assert_eq!(serde_json::from_str::<Mask>(&json).unwrap(), mask);
    }

    #[test]
    fn masks_are_sets(a in mask(), b in mask()) {
        for &field in Field::ALL {
            prop_assert_eq!((a | b).contains(field), a.contains(field) || b.contains(field));
            prop_assert_eq!((a & b).contains(field), a.contains(field) && b.contains(field));
            prop_assert_eq!((a - b).contains(field), a.contains(field) && !b.contains(field));
        }
        prop_assert_eq!(a.iter().count(), a.len());
        prop_assert_eq!(a.iter().collect::<Mask>(), a);
    }
}

#[test]
fn a_mask_names_no_unknown_field() {
    assert_eq!("".parse(), Ok(Mask::EMPTY));
    assert_eq!(" ex ,isPinned ".parse(), Ok(Mask::from(Field::Ex).with(Field::IsPinned)));
    for wrong in ["ispinned", "is_pinned", "ex,", ",", "ex isPinned", "🦀"] {
        assert!(wrong.parse::<Mask>().is_err(), "{wrong}");
    }
    assert_eq!("nope".parse::<Mask>().unwrap_err().to_string(), "there is no field \"nope\"");
}
