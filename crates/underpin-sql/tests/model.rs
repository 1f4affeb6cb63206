//! The model says what the text says, with the places where it says it.

use underpin_sql::Script;
use underpin_sql::model::{
    Condition, ConstraintKind, ForeignKeyAction, Name, ObjectKind, Parsed, Statement, TableAction,
    Volatility, read,
};

fn one(text: &str) -> Parsed {
    let mut all = read(text);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn actions(text: &str) -> Vec<(String, TableAction)> {
    let Statement::AlterTable(alter) = one(text).statement else { panic!("{text}") };
    alter.actions.into_iter().map(|a| (text[a.span].to_owned(), a.action)).collect()
}

#[test]
fn a_table_has_its_columns_and_constraints_with_their_places() {
    let text = "-- first\nCREATE TABLE \"public\".\"Order\" (\n  \"id\" SERIAL NOT NULL,\n  \"at\" \
                TIMESTAMP(3) NOT NULL DEFAULT now(), -- when\n  \"userId\" TEXT CONSTRAINT fk REFERENCES \"User\" \
                (\"id\") ON DELETE SET NULL,\n  price numeric(10,2) CHECK (price > 0) DEFAULT (1 + 2),\n  \
                CONSTRAINT \"Order_pkey\" PRIMARY KEY (\"id\")\n);";
    let parsed = one(text);
    assert_eq!(parsed.line, 2);
    let Statement::CreateTable(table) = parsed.statement else { panic!() };
    assert_eq!(table.name, Name::qualified("public", "Order"));
    let spans: Vec<&str> = table.columns.iter().map(|c| &text[c.span.clone()]).collect();
    assert_eq!(spans[0], "\"id\" SERIAL NOT NULL");
    assert_eq!(spans[1], "\"at\" TIMESTAMP(3) NOT NULL DEFAULT now()");
    assert!(table.columns[0].not_null && table.columns[1].not_null && !table.columns[2].not_null);
    let default = table.columns[1].default.as_ref().unwrap();
    assert_eq!((default.text.as_str(), default.volatility), ("now()", Volatility::Stable));
    let sum = table.columns[3].default.as_ref().unwrap();
    assert_eq!((sum.text.as_str(), sum.volatility), ("(1 + 2)", Volatility::Immutable));
    assert_eq!(table.columns[3].type_name.as_ref().unwrap().to_string(), "numeric(10,2)");
    let ConstraintKind::ForeignKey(key) = &table.columns[2].constraints[0].kind else { panic!() };
    assert_eq!(key.references, Name::bare("User"));
    assert_eq!(
        (key.columns.as_slice(), key.on_delete),
        (&["userId".to_owned()][..], ForeignKeyAction::SetNull)
    );
    assert_eq!(
        &text[table.constraints[0].span.clone()],
        "CONSTRAINT \"Order_pkey\" PRIMARY KEY (\"id\")"
    );
    assert_eq!(table.all_constraints().count(), 5);
}

#[test]
fn sub_commands_have_exact_places() {
    let text = "ALTER TABLE ONLY app.\"T\" /* why */ ADD COLUMN IF NOT EXISTS a int DEFAULT f(1, 2),\n \
                DROP COLUMN b CASCADE, ALTER c TYPE \"E_new\" USING (c::text::\"E_new\"),\
                ADD CONSTRAINT x FOREIGN KEY (a, d) REFERENCES u NOT VALID, VALIDATE CONSTRAINT y";
    let all = actions(text);
    let texts: Vec<&str> = all.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "ADD COLUMN IF NOT EXISTS a int DEFAULT f(1, 2)",
            "DROP COLUMN b CASCADE",
            "ALTER c TYPE \"E_new\" USING (c::text::\"E_new\")",
            "ADD CONSTRAINT x FOREIGN KEY (a, d) REFERENCES u NOT VALID",
            "VALIDATE CONSTRAINT y",
        ]
    );
    let TableAction::AddColumn { column, if_not_exists: true } = &all[0].1 else { panic!() };
    assert_eq!(&text[column.span.clone()], "a int DEFAULT f(1, 2)");
    let default = column.default.as_ref().unwrap();
    assert_eq!(default.volatility, Volatility::Unknown, "nobody knows f");
    assert_eq!(default.mentions.functions, [Name::bare("f")]);
    let TableAction::AlterType { using: Some(using), .. } = &all[2].1 else { panic!() };
    assert_eq!(using.text, "(c::text::\"E_new\")");
    let (column, types) = using.cast.clone().unwrap();
    assert_eq!(column, "c");
    assert_eq!(types.iter().map(ToString::to_string).collect::<Vec<_>>(), ["text", "\"E_new\""]);
    let TableAction::AddConstraint(key) = &all[3].1 else { panic!() };
    assert!(key.not_valid && key.name.as_deref() == Some("x"));
}

#[test]
fn conditions_that_say_nothing_are_tautologies() {
    let condition = |text: &str| match one(text).statement {
        Statement::Update(u) => u.condition,
        Statement::Delete(d) => d.condition,
        other => panic!("{other:?}"),
    };
    assert_eq!(condition("DELETE FROM t"), Condition::Missing);
    for text in ["true", "1 = 1", "NOT false", "'t'::bool", "a = 1 OR 1 = 1", "true AND 2 <> 3"] {
        assert_eq!(condition(&format!("UPDATE t SET a = 1 WHERE {text}")), Condition::Tautology);
    }
    let text = "DELETE FROM t WHERE a = 1 AND true RETURNING *";
    let Condition::Where(expression) = condition(text) else { panic!() };
    assert_eq!(expression.text, "a = 1 AND true");
}

#[test]
fn statements_inside_do_have_places_in_the_file() {
    let text = "SELECT 1;\nDO $do$\nDECLARE n int := 0; r record;\nBEGIN\n  <<l>>\n  IF NOT EXISTS (SELECT 1 FROM x WHERE a = CASE WHEN true THEN 1 END) THEN\n    \
                ALTER TABLE t ADD COLUMN a int;\n  ELSE\n    n := n + 1;\n    DELETE FROM t WHERE id = n RETURNING id INTO STRICT n;\n  END IF;\n  \
                FOR r IN SELECT id FROM u LOOP\n    EXECUTE format('DROP TABLE %I', r.id);\n    EXECUTE 'TRUNCATE v';\n  END LOOP;\n  PERFORM setval('s', 1);\n  \
                SELECT max(id) INTO n FROM t;\nEXCEPTION WHEN others THEN RAISE NOTICE 'a;b';\nEND\n$do$;";
    let all = read(text);
    let inside: Vec<&str> = all[1].inside.iter().map(|p| &text[p.span.clone()]).collect();
    assert_eq!(
        inside,
        [
            "ALTER TABLE t ADD COLUMN a int",
            "DELETE FROM t WHERE id = n RETURNING id INTO STRICT n",
            "SELECT id FROM u",
            "EXECUTE format('DROP TABLE %I', r.id)",
            "TRUNCATE v",
            "PERFORM setval('s', 1)",
            "SELECT max(id) INTO n FROM t",
        ]
    );
    assert_eq!(all[1].inside[0].line, 7);
    assert_eq!(all[1].inside[3].statement, Statement::Dynamic);
    assert!(matches!(all[1].inside[4].statement, Statement::Truncate(_)));
    assert!(matches!(&all[1].inside[5].statement, Statement::Select(s) if s.calls_only));
    assert!(matches!(&all[1].inside[6].statement, Statement::Select(_)), "no table is made");
}

#[test]
fn routines_are_read_and_escaped_bodies_are_placed_as_a_whole() {
    let text = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS \
                $$BEGIN UPDATE t SET a = 1 WHERE id = NEW.id; RETURN NEW; END$$";
    let parsed = one(text);
    assert_eq!(&text[parsed.inside[0].span.clone()], "UPDATE t SET a = 1 WHERE id = NEW.id");
    let Statement::CreateRoutine(routine) = parsed.statement else { panic!() };
    assert!(routine.for_trigger && routine.security_definer && routine.fixes_search_path);
    let text = "DO 'BEGIN UPDATE t SET a = ''x''; END'";
    let parsed = one(text);
    assert!(
        matches!(&parsed.inside[0].statement, Statement::Update(u) if u.mentions.literals == ["x"])
    );
    assert_eq!(&text[parsed.inside[0].span.clone()], "'BEGIN UPDATE t SET a = ''x''; END'");
}

#[test]
fn one_bad_statement_leaves_the_others_with_their_places() {
    let text = "CREATE TABLE a (i int);\nSELEC 1;\nALTER TABLE a ADD b int, DROP c;";
    let all = read(text);
    assert!(
        matches!(&all[1].statement, Statement::Unparsed { message } if message.contains("SELEC"))
    );
    let Statement::AlterTable(alter) = &all[2].statement else { panic!() };
    assert_eq!(&text[alter.actions[1].span.clone()], "DROP c");
}

#[test]
fn names_of_parts_stand_with_their_relation() {
    let Statement::Drop(drop) = one("DROP TRIGGER IF EXISTS a ON s.t CASCADE").statement else {
        panic!()
    };
    assert_eq!(
        (drop.names[0].clone(), drop.on),
        (Name::bare("a"), Some(Name::qualified("s", "t")))
    );
    assert!(drop.cascade && drop.if_exists);
    let Statement::Rename(rename) = one("ALTER TABLE t RENAME a TO b").statement else { panic!() };
    assert_eq!((rename.kind, rename.from.as_str()), (ObjectKind::Column, "a"));
    let Statement::Rename(rename) = one("ALTER INDEX i RENAME TO j").statement else { panic!() };
    assert_eq!((rename.kind, rename.from.as_str()), (ObjectKind::Index, "i"));
}

#[test]
fn names_that_with_makes_are_no_relations() {
    let text = "WITH a AS (SELECT * FROM b), c AS (DELETE FROM d RETURNING *) SELECT * FROM a JOIN c USING (x), e WHERE EXISTS (SELECT FROM s.f)";
    let Statement::Select(select) = one(text).statement else { panic!() };
    let names: Vec<String> = select.mentions.relations.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["b", "e", "s.f"]);
    assert_eq!(select.mentions.changes, [Name::bare("d")]);
}

/// Both readings of a script are of the same statements.
#[test]
fn the_model_has_the_statements_of_the_script() {
    for text in [
        "SELECT 1; SELEC 2; /* x */ CREATE TABLE t (a int) ; ;",
        "",
        "SELECT 'open",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; DROP TABLE a",
        "a\0b",
    ] {
        let spans: Vec<_> =
            Script::parse(text).statements.into_iter().map(|s| (s.span, s.line)).collect();
        assert_eq!(read(text).into_iter().map(|s| (s.span, s.line)).collect::<Vec<_>>(), spans);
    }
}
