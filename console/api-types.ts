// Made from docs/openapi.json by cli/development/openapi.ts; do not edit it.

export interface paths {
    "/api/v1/customers": {
        parameters: {
        };
        get: operations["listCustomers"];
        post: operations["createCustomer"];
    };
    "/api/v1/customers/changes": {
        parameters: {
        };
        get: operations["followCustomers"];
    };
    "/api/v1/customers/by-need": {
        parameters: {
        };
        get: operations["listCustomersByNeed"];
    };
    "/api/v1/customers/{id}": {
        parameters: {
            path: {
                id: number;
            };
        };
        get: operations["readCustomer"];
        put: operations["replaceCustomer"];
        delete: operations["deleteCustomer"];
        patch: operations["changeCustomer"];
    };
    "/api/v1/conflicts": {
        parameters: {
        };
        get: operations["listConflicts"];
    };
    "/api/v1/conflicts/{id}": {
        parameters: {
            path: {
                id: string;
            };
        };
        get: operations["readConflict"];
    };
    "/api/v1/conflicts/{id}/reverse": {
        parameters: {
            path: {
                id: string;
            };
        };
        post: operations["reverseConflict"];
    };
    "/api/v1/customers/{id}/link": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["chooseRecord"];
    };
    "/api/v1/customers/{id}/accept-deletion": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["acceptDeletion"];
    };
    "/api/v1/mappings": {
        parameters: {
        };
        get: operations["listMappings"];
    };
    "/api/v1/mappings/{id}/link": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["linkMapping"];
    };
    "/api/v1/mappings/{id}/resolve": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["resolveMapping"];
    };
    "/api/v1/keys": {
        parameters: {
        };
        get: operations["listKeys"];
    };
    "/api/v1/keys/{id}/revoke": {
        parameters: {
            path: {
                id: string;
            };
        };
        post: operations["revokeKey"];
    };
    "/api/v1/customers/{id}/compare": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["compareCustomer"];
    };
    "/api/v1/comparisons/{id}": {
        parameters: {
            path: {
                id: string;
            };
        };
        get: operations["readComparison"];
    };
    "/api/v1/link-plans": {
        parameters: {
        };
        get: operations["listLinkPlans"];
        post: operations["askForLinkPlan"];
    };
    "/api/v1/link-plans/{id}": {
        parameters: {
            path: {
                id: string;
            };
        };
        get: operations["readLinkPlan"];
    };
    "/api/v1/link-plans/{id}/run": {
        parameters: {
            path: {
                id: string;
            };
        };
        post: operations["runLinkPlan"];
    };
    "/api/v1/changes": {
        parameters: {
        };
        get: operations["followChanges"];
    };
    "/api/v1/events": {
        parameters: {
        };
        get: operations["listEvents"];
    };
    "/api/v1/events/{event_id}": {
        parameters: {
            path: {
                event_id: string;
            };
        };
        get: operations["readEvent"];
    };
    "/api/v1/customers/{id}/timeline": {
        parameters: {
            path: {
                id: number;
            };
        };
        get: operations["readTimeline"];
    };
    "/api/v1/groups": {
        parameters: {
        };
        get: operations["listGroups"];
    };
    "/api/v1/groups/{fingerprint}": {
        parameters: {
            path: {
                fingerprint: string;
            };
        };
        get: operations["readGroup"];
    };
    "/api/v1/deliveries": {
        parameters: {
        };
        get: operations["listDeliveries"];
    };
    "/api/v1/attempts": {
        parameters: {
        };
        get: operations["listAttempts"];
    };
    "/api/v1/refusals": {
        parameters: {
        };
        get: operations["listRefusals"];
    };
    "/api/v1/audit": {
        parameters: {
        };
        get: operations["listAudit"];
    };
    "/api/v1/lanes": {
        parameters: {
        };
        get: operations["listLanes"];
    };
    "/api/v1/traffic": {
        parameters: {
        };
        get: operations["getTraffic"];
    };
    "/api/v1/lanes/{system}/pause": {
        parameters: {
            path: {
                system: string;
            };
        };
        post: operations["pauseLane"];
    };
    "/api/v1/lanes/{system}/resume": {
        parameters: {
            path: {
                system: string;
            };
        };
        post: operations["resumeLane"];
    };
    "/api/v1/replay-plans": {
        parameters: {
        };
        post: operations["planReplay"];
    };
    "/api/v1/replay-plans/{hash}": {
        parameters: {
            path: {
                hash: string;
            };
        };
        get: operations["readReplayPlan"];
    };
    "/api/v1/replays": {
        parameters: {
        };
        get: operations["listReplays"];
        post: operations["startReplay"];
    };
    "/api/v1/replays/{id}": {
        parameters: {
            path: {
                id: number;
            };
        };
        get: operations["readReplay"];
    };
    "/api/v1/replays/{id}/pause": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["pauseReplay"];
    };
    "/api/v1/replays/{id}/resume": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["resumeReplay"];
    };
    "/api/v1/replays/{id}/cancel": {
        parameters: {
            path: {
                id: number;
            };
        };
        post: operations["cancelReplay"];
    };
    "/api/v1/deliveries/close": {
        parameters: {
        };
        post: operations["closeDeliveries"];
    };
    "/api/v1/groups/{fingerprint}/close": {
        parameters: {
            path: {
                fingerprint: string;
            };
        };
        post: operations["closeGroup"];
    };
    "/api/v1/customers/{id}/explain": {
        parameters: {
            path: {
                id: number;
            };
        };
        get: operations["explainCustomer"];
    };
    "/api/v1/mappings/{id}/explain": {
        parameters: {
            path: {
                id: number;
            };
        };
        get: operations["explainMapping"];
    };
    "/api/v1/overview": {
        parameters: {
        };
        get: operations["readOverview"];
    };
    "/api/v1/find": {
        parameters: {
        };
        get: operations["find"];
    };
    "/api/v1/samples": {
        parameters: {
        };
        get: operations["listSamples"];
    };
    "/api/v1/me": {
        parameters: {
        };
        get: operations["readMe"];
    };
    "/metrics": {
        parameters: {
        };
        get: operations["readMetrics"];
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Customer: {
            id: number;
            name: string;
            email: string;
            version: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            external_mappings: {
                [key: string]: string;
            };
            sync: {
                [key: string]: {
                    /** @enum {string} */
                    state: "pending" | "linked" | "waiting" | "parked" | "tombstoned" | "detached";
                    reason: string | null;
                    version: number | null;
                    /** Format: date-time */
                    since: string;
                };
            };
        };
        Changes: {
            changes: {
                position: string;
                event_id: string;
                /** @enum {string} */
                type: "created" | "updated" | "deleted";
                version: number;
                source: string;
                /** Format: date-time */
                changed_at: string;
                id: number;
                name: string | null;
                email: string | null;
            }[];
            position: string;
            more: boolean;
        };
        NewCustomer: {
            name: string;
            email: string;
        };
        CustomerChange: {
            name?: string;
            email?: string;
        };
        Conflict: {
            id: string;
            /** @enum {string} */
            kind: "both_moved" | "overwritten_unseen" | "null_refused" | "cannot_carry" | "cannot_take" | "refused" | "deleted_there" | "deleted_here" | "duplicate_email" | "external_duplicate" | "reform_refused";
            customer: number | null;
            system: string | null;
            external_id: string | null;
            field: string | null;
            base: string | number | boolean | Record<string, unknown> | unknown[] | null;
            ours: string | number | boolean | Record<string, unknown> | unknown[] | null;
            theirs: string | number | boolean | Record<string, unknown> | unknown[] | null;
            ours_from: string | null;
            theirs_from: string | null;
            rule: string;
            /** @enum {string} */
            winner: "ours" | "theirs" | "neither";
            note: string | null;
            reversible: boolean;
            /** Format: date-time */
            reversed_at: string | null;
            /** Format: date-time */
            created_at: string;
            event_id: string | null;
            intent_id: string | null;
        };
        Reason: {
            reason?: string;
        };
        PreviewedConflict: {
            preview: {
                /** @enum {string} */
                outcome: "reversed" | "reversed_already" | "overtaken" | "cannot_reverse" | "duplicate_email" | "refused" | "not_found" | "contended";
                here: {
                    customer: number;
                    field: string;
                    from: unknown;
                    to: unknown;
                } | null;
                there: {
                    system: string;
                    mapping: number;
                    external_id: string | null;
                    effect: {
                        /** @enum {string} */
                        would: "nothing" | "superseded" | "create" | "update" | "delete" | "delete_here" | "held" | "refused" | "link" | "import" | "resolve" | "unknown";
                    };
                }[];
            };
        } & components["schemas"]["Conflict"];
        Reversed: {
            /** @enum {string} */
            outcome: "reversed" | "reversed_already";
            conflict: components["schemas"]["Conflict"];
            customer: components["schemas"]["Customer"] | null;
        };
        ComparisonAsk: {
            /** @enum {string} */
            system?: "stripe";
        };
        Comparison: {
            id: string;
            customer: number;
            actor: string;
            /** Format: date-time */
            asked_at: string;
            systems: {
                system: string;
                /** @enum {string} */
                state: "open" | "answered" | "unanswered";
                /** @enum {string|null} */
                verdict: "agree" | "differ" | "missing" | "not_certain" | "set_aside" | null;
                because: {
                    code: string;
                    detail: string;
                } | null;
                /** Format: date-time */
                answered_at: string | null;
                pairs: {
                    mapping: number | null;
                    external_id: string | null;
                    /** @enum {string} */
                    kind: "agree" | "drift" | "missing" | "pending" | "parked" | "held" | "waiting" | "alias" | "detached" | "closed";
                    why: string | null;
                    fields: string[] | null;
                }[];
            }[];
        };
        LinkPlanAsk: {
            /** @enum {string} */
            system: "stripe";
        };
        LinkPlan: {
            id: string;
            system: string;
            /** @enum {string} */
            state: "waiting" | "reading" | "ready" | "checking" | "storing" | "done" | "stale" | "failed";
            actor: string;
            /** Format: date-time */
            asked_at: string;
            read: number;
            attempts: number;
            /** Format: date-time */
            planned_at: string | null;
            hash: string | null;
            plan: {
                lines: {
                    /** @enum {string} */
                    outcome: "pair_by_tag" | "pair_by_email" | "pair_differs" | "pair_field" | "pair_waits" | "create" | "create_waits" | "ended" | "consented" | "pending" | "import" | "alias" | "match" | "stays" | "elsewhere" | "known";
                    count: number;
                    says: string;
                    examples: {
                        customer: number | null;
                        record: string | null;
                    }[];
                }[];
                customers: number;
                records_undecided: number;
                calls: number;
                seconds: number;
            } | null;
            failure: {
                code: string;
                detail: string;
            } | null;
            changed: {
                customers: number | null;
                examples: {
                    customer: number | null;
                    record: string | null;
                }[];
                lines: {
                    says: string;
                    before: number;
                    after: number;
                }[];
            } | null;
            run: {
                actor: string;
                reason: string;
                /** @enum {string} */
                records: "wait" | "import" | "leave";
                /** Format: date-time */
                asked_at: string;
                customers: number;
                records_raised: number;
                records_decided: number;
                to_carry_out: number | null;
            } | null;
            /** Format: date-time */
            ended_at: string | null;
        };
        LinkRun: {
            reason: string;
            /**
             * @default wait
             * @enum {string}
             */
            records: "wait" | "import" | "leave";
        };
        LinkStanding: {
            system: string;
            customers: number;
            records_undecided: number;
            newest: {
                id: string;
                /** @enum {string} */
                state: "waiting" | "reading" | "ready" | "checking" | "storing" | "done" | "stale" | "failed";
                /** Format: date-time */
                asked_at: string;
            } | null;
        };
        AllChanges: {
            changes: {
                position: string;
                event_id: string;
                /** @enum {string} */
                type: "created" | "updated" | "deleted";
                version: number;
                source: string;
                /** Format: date-time */
                changed_at: string;
                entity: string;
                id: number;
                values: Record<string, unknown> | null;
            }[];
            position: string;
            more: boolean;
        };
        Event: {
            id: number;
            event_id: string;
            event_type: string;
            entity_key: string;
            customer: number | null;
            version: number | null;
            source: string;
            /** Format: date-time */
            created_at: string;
            published: boolean;
            routed: boolean;
            deliveries: {
                target: string;
                /** @enum {string} */
                status: "unpublished" | "published" | "queued" | "waiting" | "parked" | "applied" | "superseded" | "noop" | "echo" | "origin" | "conflict" | "stale" | "closed";
                error: string | null;
            }[];
        };
        WholeEvent: {
            sync_events_id: number;
            event_id: string;
            event_type: string;
            entity_key: string;
            customer: number | null;
            version: number | null;
            source: string;
            /** Format: date-time */
            created_at: string;
            context: Record<string, unknown>;
            payload: Record<string, unknown>;
            published: {
                topic: string;
                partition: number;
                offset: number;
                /** Format: date-time */
                saved_at: string;
            }[];
            deliveries: {
                target: string;
                /** @enum {string} */
                status: "unpublished" | "published" | "queued" | "waiting" | "parked" | "applied" | "superseded" | "noop" | "echo" | "origin" | "conflict" | "stale" | "closed";
                attempts: number;
                error: Record<string, unknown> | null;
                superseded_by: string | null;
                /** Format: date-time */
                received_at: string;
                /** Format: date-time */
                settled_at: string | null;
                mapping: Record<string, unknown> | null;
                intent: Record<string, unknown> | null;
                intents_before: Record<string, unknown>[];
                calls: Record<string, unknown>[];
                confirmed_by: string | null;
                /** Format: date-time */
                confirmed_at: string | null;
            }[];
            operator_actions: Record<string, unknown>[];
            led_to: Record<string, unknown>[];
            confirmed: Record<string, unknown>[];
        };
        Timeline: {
            entity: string;
            id: number;
            /** @enum {string} */
            order: "newest" | "oldest";
            items: {
                /** Format: date-time */
                at: string;
                /** @enum {string} */
                what: "change" | "inbound" | "received" | "write" | "call" | "settled" | "conflict" | "operator" | "dropped";
                system: string | null;
                event_id: string | null;
                detail: Record<string, unknown>;
            }[];
            missing: {
                /** @enum {string} */
                step: "publication" | "receipt" | "outcome" | "echo";
                system: string | null;
                event_id: string;
                /** Format: date-time */
                since: string;
                promised_within: string;
                status: string | null;
                error: string | null;
                reason: string | null;
            }[];
            beyond_retention: {
                /** Format: date-time */
                before: string;
            } | null;
        };
        Delivery: {
            event_id: string;
            target: string;
            mapping: number;
            customer: number | null;
            event_type: string;
            version: number | null;
            /** @enum {string} */
            status: "queued" | "waiting" | "parked" | "applied" | "superseded" | "noop" | "echo" | "origin" | "conflict" | "stale" | "closed";
            attempts: number;
            error: Record<string, unknown> | null;
            superseded_by: string | null;
            intent_id: string | null;
            confirmed_by: string | null;
            /** Format: date-time */
            received_at: string;
            /** Format: date-time */
            settled_at: string | null;
        };
        Attempt: {
            id: string;
            mapping: number;
            system: string | null;
            customer: number | null;
            intent_id: string | null;
            operation: string;
            request_id: string | null;
            status: number | null;
            replayed: boolean;
            error: string | null;
            latency_ms: number;
            /** Format: date-time */
            answered_at: string;
        };
        Refusal: {
            id: number;
            system: string;
            external_event_id: string | null;
            reason: string;
            detail: string | null;
            /** Format: date-time */
            refused_at: string;
        };
        Group: {
            fingerprint: string;
            system: string;
            class: string;
            code: string;
            field: string | null;
            count: number;
            closed: number;
            parked: number;
            waiting: number;
            retrying: number;
            customers: number;
            /** Format: date-time */
            first_seen: string;
            /** Format: date-time */
            last_seen: string;
            means: string;
            cure: string;
            example: {
                mapping: number;
                customer: number | null;
                external_id: string | null;
                state: string;
                /** Format: date-time */
                since: string;
                event_id: string | null;
                closed: boolean;
                says: string | null;
            } | null;
        };
        WholeGroup: {
            fingerprint: string;
            system: string;
            class: string;
            code: string;
            field: string | null;
            count: number;
            closed: number;
            parked: number;
            waiting: number;
            retrying: number;
            customers: number;
            /** Format: date-time */
            first_seen: string;
            /** Format: date-time */
            last_seen: string;
            means: string;
            cure: string;
            example: {
                mapping: number;
                customer: number | null;
                external_id: string | null;
                state: string;
                /** Format: date-time */
                since: string;
                event_id: string | null;
                closed: boolean;
                says: string | null;
            } | null;
            pairs: ({
                mapping: number;
                customer: number | null;
                external_id: string | null;
                state: string;
                /** Format: date-time */
                since: string;
                event_id: string | null;
                closed: boolean;
                says: string | null;
            } | null)[];
        };
        AuditEntry: {
            id: number;
            /** Format: date-time */
            at: string;
            action: string;
            system: string | null;
            actor: string;
            key: string | null;
            reason: string | null;
            before: Record<string, unknown> | null;
            after: Record<string, unknown> | null;
            detail: Record<string, unknown>;
            pairs: number;
            previous: string;
            hash: string;
        };
        Lanes: {
            system: string;
            account: string | null;
            lanes: {
                /** @enum {unknown} */
                direction: "outbound" | "inbound";
                /** @enum {unknown} */
                state: "running" | "paused" | "off" | "resting" | "breaker_open" | "half_open" | "no_worker";
                /** Format: date-time */
                since: string | null;
                why: string | null;
                by: string | null;
                /** Format: date-time */
                until: string | null;
                pending: number;
                waiting: number;
            }[];
            paused_customers: {
                count: number;
                customers: {
                    entity: string;
                    customer: number;
                    /** Format: date-time */
                    since: string;
                    why: string | null;
                    by: string;
                }[];
            };
            slowed: {
                endpoint: string;
                share: number;
            }[];
            quotas: {
                name: string;
                limit: number;
                used: number;
                /** Format: date-time */
                resets_at: string | null;
            }[];
        };
        Pause: {
            /** @enum {string} */
            direction?: "outbound" | "inbound";
            customer?: number;
            reason?: string;
        };
        Paused: {
            /** @enum {unknown} */
            outcome: "paused" | "paused_already";
            system: string;
            /** @enum {string|null} */
            direction: "outbound" | "inbound" | null;
            customer: number | null;
            /** Format: date-time */
            since: string;
            why: string | null;
            by: string | null;
            in_progress: number | null;
        };
        Resume: {
            /** @enum {string} */
            direction?: "outbound" | "inbound";
            customer?: number;
            reason?: string;
            deletes?: boolean;
        };
        Resumed: {
            /** @enum {unknown} */
            outcome: "resumed" | "not_paused";
            system: string;
            /** @enum {string|null} */
            direction: "outbound" | "inbound" | null;
            customer: number | null;
            was_resting: boolean;
            released: number;
            released_deletes: number;
            deletes_held: boolean;
            still_paused: ("outbound" | "inbound")[];
        };
        Traffic: {
            /** Format: date-time */
            at: string;
            relay_seconds_behind: number;
            published_not_received: {
                events: number;
                more: boolean;
                /** Format: date-time */
                oldest: string | null;
            };
            inbound_last_minute: {
                received: number;
                settled: number;
            };
            lanes: {
                system: string;
                /** @enum {unknown} */
                state: "sending" | "unbound" | "no_worker" | "paused" | "breaker_open" | "resting";
                detail: string | null;
                /** Format: date-time */
                since: string | null;
                /** Format: date-time */
                until: string | null;
                linked: number;
                on_their_way: number;
                calls_last_minute: {
                    calls: number;
                    failed: number;
                    p95_ms: number;
                };
                events_last_minute: {
                    received: number;
                    settled: number;
                };
                rate_share: number;
                quotas: {
                    name: string;
                    limit: number;
                    used: number;
                    /** Format: date-time */
                    resets_at: string | null;
                }[];
            }[];
        };
        ReplaySelection: {
            id?: string;
            status?: string;
            group?: string;
            customer?: number;
            error?: string;
            /** @enum {string} */
            direction?: "out" | "in";
            since?: string;
            until?: string;
            system?: string;
            closed?: boolean;
            max?: number;
            rate?: number;
        };
        ReplayPlan: {
            plan: string;
            /** Format: date-time */
            made_at: string;
            counts: {
                deliveries: number;
                pairs: number;
                customers: number;
                with_record: number;
                statuses: {
                    [key: string]: number;
                };
                systems: {
                    [key: string]: number;
                };
                more: boolean;
            };
            calls: {
                least: number;
                most: number;
            };
            seconds: number;
            rate: number;
        };
        PlannedReplay: {
            plan: string;
            /** Format: date-time */
            made_at: string;
            counts: {
                deliveries: number;
                pairs: number;
                customers: number;
                with_record: number;
                statuses: {
                    [key: string]: number;
                };
                systems: {
                    [key: string]: number;
                };
                more: boolean;
            };
            calls: {
                least: number;
                most: number;
            };
            seconds: number;
            rate: number;
            selection: {
                id?: string;
                status?: string;
                customer?: number;
                group?: string;
                error?: string;
                direction?: string;
                /** Format: date-time */
                since?: string;
                /** Format: date-time */
                until?: string;
                system?: string;
                max?: number;
            };
            items: {
                place: number;
                event_id: string | null;
                event_type: string | null;
                version: number | null;
                target: string;
                status: string | null;
                attempts: number | null;
                error: Record<string, unknown> | null;
                /** Format: date-time */
                created_at: string | null;
                mapping: number;
                customer: number | null;
                external_id: string | null;
                state: string | null;
                reason: string | null;
                effect: {
                    /** @enum {string} */
                    would: "nothing" | "superseded" | "create" | "update" | "delete" | "delete_here" | "held" | "refused" | "link" | "import" | "resolve" | "unknown";
                };
            }[];
        };
        NewReplay: {
            plan: string;
            rate?: number;
            max?: number;
            reason?: string;
            stop_share?: number;
        };
        Replay: {
            id: number;
            plan: string;
            /** @enum {string} */
            state: "running" | "paused" | "stopped" | "cancelled" | "finished";
            why: string | null;
            rate: number;
            stop_share: number;
            actor: string;
            reason: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            ended_at: string | null;
            deliveries: number;
            pairs: number;
            queued: number;
            raised: number;
            done: number;
            failed: number;
            skipped: number;
            cancelled: number;
        };
        WholeReplay: {
            id: number;
            plan: string;
            /** @enum {string} */
            state: "running" | "paused" | "stopped" | "cancelled" | "finished";
            why: string | null;
            rate: number;
            stop_share: number;
            actor: string;
            reason: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            ended_at: string | null;
            deliveries: number;
            pairs: number;
            queued: number;
            raised: number;
            done: number;
            failed: number;
            skipped: number;
            cancelled: number;
            failures: {
                mapping: number;
                customer: number | null;
                result: string | null;
                /** Format: date-time */
                at: string;
            }[];
        };
        ReplayAct: {
            reason?: string;
        };
        Closing: {
            id?: string;
            status?: string;
            group?: string;
            customer?: number;
            error?: string;
            /** @enum {string} */
            direction?: "out" | "in";
            since?: string;
            until?: string;
            system?: string;
            closed?: boolean;
            max?: number;
            reason: string;
        };
        GroupClosing: {
            reason: string;
        };
        Closed: {
            selected: number;
            closed: number;
            left: number;
        };
        Overview: {
            /** Format: date-time */
            at: string;
            customers: number;
            systems: {
                system: string;
                livemode: boolean | null;
                customers: {
                    in_agreement: number;
                    need_person: number;
                    on_their_way: number;
                    waiting: number;
                    closed: number;
                    let_go: number;
                    not_wanted: number;
                };
                pairs: {
                    on_their_way: number;
                    need_person: number;
                };
                propagation_ms: {
                    outbound: {
                        count: number;
                        p50: number | null;
                        p99: number | null;
                    };
                    inbound: {
                        count: number;
                        p50: number | null;
                        p99: number | null;
                    };
                };
                comparison: {
                    /** Format: date-time */
                    began_at: string;
                    /** Format: date-time */
                    ended_at: string;
                    actor: string;
                    agree: number;
                    drift: number;
                    findings: {
                        [key: string]: number;
                    };
                    unknown_there: number;
                } | null;
            }[];
            oldest_unsent_s: number | null;
            stuck: {
                count: number;
                oldest: {
                    mapping: number;
                    system: string;
                    customer: number | null;
                    external_id: string | null;
                    state: string;
                    /** Format: date-time */
                    since: string;
                    code: string | null;
                    says: string | null;
                    open_events: number;
                }[];
            };
            lanes: {
                system: string;
                account: string | null;
                lanes: {
                    /** @enum {unknown} */
                    direction: "outbound" | "inbound";
                    /** @enum {unknown} */
                    state: "running" | "paused" | "off" | "resting" | "breaker_open" | "half_open" | "no_worker";
                    /** Format: date-time */
                    since: string | null;
                    why: string | null;
                    by: string | null;
                    /** Format: date-time */
                    until: string | null;
                    pending: number;
                    waiting: number;
                }[];
                paused_customers: {
                    count: number;
                    customers: {
                        entity: string;
                        customer: number;
                        /** Format: date-time */
                        since: string;
                        why: string | null;
                        by: string;
                    }[];
                };
                slowed: {
                    endpoint: string;
                    share: number;
                }[];
                quotas: {
                    name: string;
                    limit: number;
                    used: number;
                    /** Format: date-time */
                    resets_at: string | null;
                }[];
                last_minute: {
                    calls: number;
                    failed: number;
                    throttled: number;
                    tokens: number | null;
                    share: number | null;
                    settled_outbound: number;
                    settled_inbound: number;
                    lag_outbound?: number | null;
                    lag_inbound?: number | null;
                } | null;
            }[];
            /** Format: date-time */
            measured_to: string | null;
        };
        Samples: {
            /** Format: date-time */
            since: string;
            /** Format: date-time */
            at: string;
            samples: {
                /** Format: date-time */
                minute: string;
                lanes: {
                    system: string;
                    /** @enum {string} */
                    direction: "outbound" | "inbound";
                    settled: number;
                    applied: number;
                    lag: number | null;
                    times_ms: {
                        sent: {
                            count: number;
                            p50: number | null;
                            p99: number | null;
                        };
                        done: {
                            count: number;
                            p50: number | null;
                            p99: number | null;
                        };
                        whole: {
                            count: number;
                            p50: number | null;
                            p99: number | null;
                        };
                    };
                }[];
                calls: {
                    system: string;
                    calls: number;
                    failed: number;
                    throttled: number;
                    tokens: number | null;
                    share: number | null;
                }[];
                oldest_unsent_s: number;
                clock_skew_ms: number;
            }[];
            processes: {
                role: string;
                process: string;
                version: string | null;
                living: boolean;
                /** Format: date-time */
                since: string;
                /** Format: date-time */
                seen_at: string;
                /** Format: date-time */
                stopped_at: string | null;
                state: string | null;
                problem: string | null;
            }[];
        };
        Found: {
            found: {
                kind: string;
                id: string | number;
                path: string;
            }[];
            tried: string[];
        };
        Explanation: {
            /** @constant */
            found: true;
            customer: {
                id?: number | null;
                version?: number | null;
                /** Format: date-time */
                updated_at?: string;
                /** Format: date-time */
                deleted_at?: string | null;
            } | null;
            pairs: {
                mapping: number;
                system: string;
                account: string;
                customer: number | null;
                external_id: string | null;
                /** @enum {string} */
                role: "primary" | "alias";
                known_email: string | null;
                merged_into: string | null;
                state: string;
                /** Format: date-time */
                since: string;
                reason: string | null;
                reason_detail: Record<string, unknown> | null;
                why: string | null;
                closed: Record<string, unknown> | null;
                decision: Record<string, unknown> | null;
                our_version: number | null;
                sent_version: number;
                last_request: {
                    operation?: string;
                    version?: number;
                    result?: string;
                } | null;
                to_do: boolean;
                attempts: number;
                /** Format: date-time */
                next_attempt_at: string | null;
                last_error: Record<string, unknown> | null;
                open_deliveries: {
                    type: string;
                    status: string;
                    count: number;
                }[];
                fields: {
                    field: string;
                    ours: unknown;
                    theirs_known: unknown;
                    left_because: string | null;
                    differs: boolean | null;
                }[];
                read: Record<string, unknown> | null;
                rung: string | null;
                effect: {
                    /** @enum {string} */
                    would: "nothing" | "superseded" | "create" | "update" | "delete" | "delete_here" | "held" | "refused" | "link" | "import" | "resolve" | "unknown";
                };
                not_now: {
                    kind: string;
                    says: string;
                }[];
                can_do: {
                    command: string;
                    does: string;
                }[];
            }[];
            not_received: {
                system: string;
                newest_change: string | null;
                not_now: {
                    kind: string;
                    says: string;
                }[];
            }[];
            open_conflicts: number;
            unmatched: {
                system: string;
                account: string | null;
                external_id: string | null;
                decision: string | null;
            }[];
        };
        Me: {
            /** @enum {string} */
            kind: "none" | "static" | "stored";
            id: string | null;
            name: string | null;
            actor: string | null;
            /** @enum {string} */
            scope: "viewer" | "editor" | "operator" | "admin" | "ingest";
            may: ("viewer" | "editor" | "operator" | "admin" | "ingest")[];
            system: string | null;
            /** Format: date-time */
            expires_at: string | null;
        };
        Mapping: {
            id: number;
            system: string;
            external_id: string | null;
            customer: number | null;
            /** @enum {string} */
            state: "waiting" | "parked" | "alias" | "detached";
            reason: string | null;
            decision: Record<string, unknown> | null;
            detail: Record<string, unknown> | null;
            attempts: number;
            open_events: number;
            error: Record<string, unknown> | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        Linked: {
            /** @enum {string} */
            outcome: "consented" | "consented_already";
            mapping: number;
            customer: number | null;
            external_id: string | null;
        };
        Resolution: {
            /** @enum {string} */
            action: "recreate" | "let_go" | "record";
            external_id?: string;
            reason?: string;
        };
        Resolved: {
            /** @enum {string} */
            outcome: "decided" | "decided_already" | "let_go";
            mapping: number;
            customer: number | null;
            external_id: string | null;
        };
        Choice: {
            /** @enum {string} */
            system: "stripe";
            external_id: string | null;
        };
        Chosen: {
            /** @enum {string} */
            outcome: "linked" | "linked_already" | "consented" | "consented_already" | "new_consented" | "new_consented_already";
            customer: number;
            external_id: string | null;
            instead_of: string | null;
        };
        Accepted: {
            /** @enum {string} */
            outcome: "accepted" | "accepted_already";
            customer: number;
            external_id: string | null;
        };
        TakenIn: {
            /** @constant */
            received: true;
            /** @enum {string} */
            outcome: "stored" | "known" | "other_account" | "other_livemode" | "other_environment" | "too_old" | "unreadable" | "unstorable" | "several" | "none";
            outcomes?: ("stored" | "known" | "other_account" | "other_livemode" | "other_environment" | "too_old" | "unreadable" | "unstorable")[];
        };
        Key: {
            id: string;
            name: string;
            /** @enum {string} */
            scope: "viewer" | "editor" | "operator" | "admin" | "ingest";
            system: string | null;
            /** @enum {string} */
            state: "live" | "expired" | "revoked" | "foreign";
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            last_used_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
            replaced_by: string | null;
        };
        Revoked: {
            /** @enum {string} */
            outcome: "revoked" | "revoked_already";
            key: components["schemas"]["Key"];
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @enum {string} */
            code: "invalid_request" | "malformed_json" | "malformed_body" | "malformed_request" | "invalid_signature" | "invalid_event" | "row_refused" | "unauthorized" | "forbidden" | "not_found" | "customer_not_found" | "conflict_not_found" | "key_not_found" | "event_not_found" | "lane_not_found" | "group_not_found" | "plan_not_found" | "replay_not_found" | "link_plan_not_found" | "comparison_not_found" | "mapping_not_found" | "method_not_allowed" | "request_timeout" | "duplicate_email" | "duplicate_identity" | "row_conflicts" | "row_swallowed" | "overtaken" | "cannot_reverse" | "cannot_resolve" | "position_expired" | "cannot_link" | "idempotency_key_in_use" | "nothing_selected" | "plan_stale" | "link_plan_not_ready" | "replay_overlaps" | "replay_ended" | "request_open" | "version_mismatch" | "body_too_large" | "unsupported_media_type" | "idempotency_key_reused" | "too_many_streams" | "too_many_attempts" | "too_many_imports" | "headers_too_large" | "internal_error" | "starting" | "database_unavailable" | "account_unbound" | "webhooks_not_configured" | "contended" | "system_silent";
            errors?: {
                /** @enum {string} */
                in: "body" | "query" | "path" | "header";
                pointer: string;
                code: string;
                detail: string;
                customer_id?: number;
            }[];
            request_id: string;
            current?: components["schemas"]["Customer"] | null;
            conflict?: components["schemas"]["Conflict"];
            customer_id?: number;
            rule?: string | null;
            /** @enum {string} */
            kind?: "unique" | "exclusion" | "foreign_key" | "check" | "not_null" | "too_long" | "out_of_range" | "trigger" | "policy" | "swallowed";
            columns?: string[];
            sqlstate?: string | null;
            state?: string;
            needed_scope?: string;
            scope?: string;
            reason?: string | null;
        };
        Health: {
            /** @constant */
            status: "healthy";
        };
        Readiness: {
            /** @enum {string} */
            status: "ready" | "not_ready";
            not_ready: {
                part?: string;
                problem?: string;
            }[];
            warnings: string[];
            roles?: {
                [key: string]: number;
            };
            published_not_received?: {
                events: number;
                more: boolean;
                /** Format: date-time */
                oldest: string | null;
            };
            /** Format: date-time */
            last_webhook_at?: string | null;
            webhooks_refused?: number;
            keys_refused?: number;
            logins_limited?: number;
            /** Format: date-time */
            swept_to?: string | null;
            swept_events?: number;
            relay_seconds_behind?: number;
            dirty?: number;
            parked?: number;
            waiting?: number;
            closed?: number;
            oldest_open_intent?: Record<string, unknown> | null;
        };
    };
    responses: never;
    parameters: {
        "If-Match": string;
        "Twinbox-Bulk": "true" | "false";
        "Idempotency-Key": string;
        Prefer: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listCustomers: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                updated_since?: string;
                email?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"][];
                };
            };
        };
    };
    createCustomer: {
        parameters: {
            header?: {
                "Twinbox-Bulk"?: components["parameters"]["Twinbox-Bulk"];
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCustomer"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    followCustomers: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changes"];
                };
            };
        };
    };
    listCustomersByNeed: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"][];
                };
            };
        };
    };
    readCustomer: {
        parameters: {
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    replaceCustomer: {
        parameters: {
            header?: {
                "If-Match"?: components["parameters"]["If-Match"];
                "Twinbox-Bulk"?: components["parameters"]["Twinbox-Bulk"];
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCustomer"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    deleteCustomer: {
        parameters: {
            header?: {
                "If-Match"?: components["parameters"]["If-Match"];
                "Twinbox-Bulk"?: components["parameters"]["Twinbox-Bulk"];
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    changeCustomer: {
        parameters: {
            header?: {
                "If-Match"?: components["parameters"]["If-Match"];
                "Twinbox-Bulk"?: components["parameters"]["Twinbox-Bulk"];
                Prefer?: components["parameters"]["Prefer"];
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CustomerChange"];
                "application/merge-patch+json": components["schemas"]["CustomerChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Customer"];
                };
            };
        };
    };
    listConflicts: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                customer?: number;
                kind?: "both_moved" | "overwritten_unseen" | "null_refused" | "cannot_carry" | "cannot_take" | "refused" | "deleted_there" | "deleted_here" | "duplicate_email" | "external_duplicate" | "reform_refused";
                field?: string;
                reversed?: "true" | "false";
                turned?: "true" | "false";
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conflict"][];
                };
            };
        };
    };
    readConflict: {
        parameters: {
            path: {
                id: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewedConflict"];
                };
            };
        };
    };
    reverseConflict: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Reason"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reversed"];
                };
            };
        };
    };
    chooseRecord: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Choice"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chosen"];
                };
            };
        };
    };
    acceptDeletion: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
        };
    };
    listMappings: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
                state?: "waiting" | "parked" | "alias" | "detached";
                reason?: string;
                customer?: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mapping"][];
                };
            };
        };
    };
    linkMapping: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Linked"];
                };
            };
        };
    };
    resolveMapping: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Resolution"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resolved"];
                };
            };
        };
    };
    listKeys: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"][];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Revoked"];
                };
            };
        };
    };
    compareCustomer: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ComparisonAsk"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Comparison"];
                };
            };
        };
    };
    readComparison: {
        parameters: {
            path: {
                id: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Comparison"];
                };
            };
        };
    };
    listLinkPlans: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkStanding"][];
                };
            };
        };
    };
    askForLinkPlan: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkPlanAsk"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkPlan"];
                };
            };
        };
    };
    readLinkPlan: {
        parameters: {
            path: {
                id: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkPlan"];
                };
            };
        };
    };
    runLinkPlan: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkRun"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkPlan"];
                };
            };
        };
    };
    followChanges: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
            };
            header?: {
                "Last-Event-ID"?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllChanges"];
                    "text/event-stream": string;
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                status?: string;
                type?: string;
                system?: "stripe" | "internal";
                customer?: number;
                error?: string;
                since?: string | unknown | unknown;
                until?: string | unknown | unknown;
                needs_attention?: "true" | "false";
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"][];
                };
            };
        };
    };
    readEvent: {
        parameters: {
            path: {
                event_id: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WholeEvent"];
                };
            };
        };
    };
    readTimeline: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                order?: "newest" | "oldest";
                values?: "true" | "false";
            };
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Timeline"];
                };
            };
        };
    };
    listGroups: {
        parameters: {
            query?: {
                system?: "stripe";
                closed?: "true" | "false";
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Group"][];
                };
            };
        };
    };
    readGroup: {
        parameters: {
            path: {
                fingerprint: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WholeGroup"];
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                status?: string;
                system?: "stripe" | "internal";
                customer?: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"][];
                };
            };
        };
    };
    listAttempts: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                customer?: number;
                request_id?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attempt"][];
                };
            };
        };
    };
    listRefusals: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                system?: "stripe";
                reason?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"][];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                limit?: number;
                after?: string;
                actor?: string;
                action?: "pause" | "resume" | "pause_outbound" | "resume_outbound" | "pause_inbound" | "resume_inbound" | "pause_row" | "resume_row" | "replay" | "pause_replay" | "resume_replay" | "cancel_replay" | "close" | "resolve" | "link" | "release_deletes" | "decide_delete" | "reverse_conflict" | "repair" | "connect" | "allow_beside_original" | "set_credential" | "create_key" | "rotate_key" | "revoke_key" | "migrate" | "declare_move" | "declare_copy" | "adopt_bus" | "divide_relay" | "retire_audit";
                system?: string;
                customer?: number;
                since?: string;
                until?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntry"][];
                };
            };
        };
    };
    listLanes: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lanes"][];
                };
            };
        };
    };
    getTraffic: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Traffic"];
                };
            };
        };
    };
    pauseLane: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                system: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Pause"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paused"];
                };
            };
        };
    };
    resumeLane: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                system: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Resume"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Resumed"];
                };
            };
        };
    };
    planReplay: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaySelection"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayPlan"];
                };
            };
        };
    };
    readReplayPlan: {
        parameters: {
            query?: {
                limit?: number;
                rate?: number;
                after?: number;
            };
            path: {
                hash: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlannedReplay"];
                };
            };
        };
    };
    listReplays: {
        parameters: {
            query?: {
                limit?: number;
                after?: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"][];
                };
            };
        };
    };
    startReplay: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReplay"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
        };
    };
    readReplay: {
        parameters: {
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WholeReplay"];
                };
            };
        };
    };
    pauseReplay: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayAct"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
        };
    };
    resumeReplay: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayAct"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
        };
    };
    cancelReplay: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                id: number;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayAct"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
        };
    };
    closeDeliveries: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Closing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Closed"];
                };
            };
        };
    };
    closeGroup: {
        parameters: {
            header?: {
                "Idempotency-Key"?: components["parameters"]["Idempotency-Key"];
            };
            path: {
                fingerprint: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupClosing"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Closed"];
                };
            };
        };
    };
    explainCustomer: {
        parameters: {
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    explainMapping: {
        parameters: {
            path: {
                id: number;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    readOverview: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
        };
    };
    find: {
        parameters: {
            query: {
                q: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Found"];
                };
            };
        };
    };
    listSamples: {
        parameters: {
            query?: {
                since?: string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Samples"];
                };
            };
        };
    };
    readMe: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
        };
    };
    readMetrics: {
        parameters: {
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
}
