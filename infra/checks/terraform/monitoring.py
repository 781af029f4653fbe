"""azurerm's resources for logs, alerts and the budget, as Azure Resource Manager takes them."""

import json
from collections.abc import Iterator

from infra.checks.terraform.reading import Resource, Values, common, one


def workspace(v: Values) -> Iterator[Resource]:
    """azurerm_log_analytics_workspace."""
    body = common(
        v,
        sku={"name": v.get("sku") or "PerGB2018"},
        retentionInDays=v.get("retention_in_days"),
        workspaceCapping={"dailyQuotaGb": v.get("daily_quota_gb")},
        features={
            "disableLocalAuth": v.get("local_authentication_enabled") is False,
            "enableLogAccessUsingOnlyResourcePermissions": v.get("allow_resource_only_permissions") is not False,
        },
    )
    yield "Microsoft.OperationalInsights/workspaces", v["name"], body


def insights(v: Values) -> Iterator[Resource]:
    """azurerm_application_insights: its kind is its type."""
    body = common(
        v,
        Application_Type=v["application_type"],
        WorkspaceResourceId=v.get("workspace_id"),
        DisableLocalAuth=v.get("local_authentication_enabled") is False,
    )
    yield "Microsoft.Insights/components", v["name"], body | {"kind": v["application_type"]}


def workbook(v: Values) -> Iterator[Resource]:
    """azurerm_application_insights_workbook."""
    body = common(
        v,
        displayName=v["display_name"],
        category=v.get("category") or "workbook",
        sourceId=v.get("source_id"),
        serializedData=json.loads(v["data_json"]),
    )
    yield "Microsoft.Insights/workbooks", "", body | {"kind": "shared"}


def diagnostics(v: Values) -> Iterator[Resource]:
    """azurerm_monitor_diagnostic_setting."""
    logs = [
        {key: each.get(of) for key, of in (("category", "category"), ("categoryGroup", "category_group"))}
        | {"enabled": True}
        for each in v.get("enabled_log") or []
    ]
    metrics = [{"category": each["category"], "enabled": True} for each in v.get("enabled_metric") or []]
    body = common(v, workspaceId=v.get("log_analytics_workspace_id"), logs=logs, metrics=metrics)
    yield "Microsoft.Insights/diagnosticSettings", v["name"], body | {"scope": v["target_resource_id"]}


def action_group(v: Values) -> Iterator[Resource]:
    """azurerm_monitor_action_group: it is everywhere."""
    receivers = [
        {
            "name": each["name"],
            "emailAddress": each["email_address"],
            "useCommonAlertSchema": each.get("use_common_alert_schema"),
        }
        for each in v.get("email_receiver") or []
    ]
    body = common(v, groupShortName=v["short_name"], enabled=v.get("enabled") is not False, emailReceivers=receivers)
    yield "Microsoft.Insights/actionGroups", v["name"], body | {"location": v.get("location") or "global"}


def query_rule(v: Values) -> Iterator[Resource]:
    """azurerm_monitor_scheduled_query_rules_alert_v2."""
    criteria, action = one(v, "criteria"), one(v, "action")
    periods = one(criteria, "failing_periods")
    body = common(
        v,
        displayName=v.get("display_name"),
        description=v.get("description"),
        severity=v["severity"],
        enabled=v.get("enabled") is not False,
        scopes=v["scopes"],
        evaluationFrequency=v.get("evaluation_frequency"),
        windowSize=v["window_duration"],
        autoMitigate=v.get("auto_mitigation_enabled"),
        skipQueryValidation=v.get("skip_query_validation"),
        criteria={
            "allOf": [
                {
                    "query": criteria["query"],
                    "timeAggregation": criteria["time_aggregation_method"],
                    "metricMeasureColumn": criteria.get("metric_measure_column"),
                    "operator": criteria["operator"],
                    "threshold": criteria["threshold"],
                    "dimensions": criteria.get("dimension") or [],
                    "failingPeriods": {
                        "numberOfEvaluationPeriods": periods.get("number_of_evaluation_periods"),
                        "minFailingPeriodsToAlert": periods.get("minimum_failing_periods_to_trigger_alert"),
                    },
                }
            ]
        },
        actions={"actionGroups": action.get("action_groups"), "customProperties": action.get("custom_properties")},
    )
    yield "Microsoft.Insights/scheduledQueryRules", v["name"], body | {"kind": "LogAlert"}


def budget(v: Values) -> Iterator[Resource]:
    """azurerm_consumption_budget_resource_group. Notifications have names in Azure only: what they are at is theirs."""
    notifications = {
        f"{each['threshold_type']} {each['threshold']:g}": {
            "enabled": each.get("enabled") is not False,
            "operator": each["operator"],
            "threshold": each["threshold"],
            "thresholdType": each["threshold_type"],
            "contactEmails": each.get("contact_emails"),
        }
        for each in v["notification"]
    }
    period = one(v, "time_period")
    body = common(
        v,
        category="Cost",
        amount=v["amount"],
        timeGrain=v.get("time_grain") or "Monthly",
        timePeriod={"startDate": period["start_date"]},
        notifications=notifications,
    )
    yield "Microsoft.Consumption/budgets", v["name"], body
