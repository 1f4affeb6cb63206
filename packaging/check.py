"""Checks of packaging/ that need more than a linter: `./dev package lint` runs it.

The chart is linted and rendered by Helm's own library, and what it renders is held against the
schemas of Kubernetes; the compose file is read and its references are followed; versions agree.
"""
import pathlib
import re
import sys

import helm_python
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHART = ROOT / "packaging/helm/underpin"
KUBERNETES = "1.31"
NEEDED = {"image": {"repository": "shop"}, "database": {"secretName": "shop-database"}}
faults = []


def check_chart():
    report = helm_python.chart.lint(str(CHART), NEEDED, strict=True, kube_version=f"v{KUBERNETES}.0")
    faults.extend(f"helm lint: {m['path']}: {m['error']}" for m in report["messages"] if m["severity"] > 1)
    faults.extend(f"helm lint: {error}" for error in report["errors"])
    chart = helm_python.Chart.load(str(CHART))
    for extra in [{"hook": "helm"}, {"hook": "argocd"}, {"hook": "none"}, {"health": {"enabled": True}}]:
        rendered = chart.render({**NEEDED, **extra}, name="shop", namespace="default")
        jobs = [d for name, text in rendered.items() if name.endswith(".yaml") for d in yaml.safe_load_all(text) if d and d.get("kind")]
        if [job["kind"] for job in jobs] != ["Job"]:
            faults.append(f"{extra}: renders {[job['kind'] for job in jobs]}, not one Job")
        for job in jobs:
            try:
                kubernetes_validate.validate(job, KUBERNETES, strict=True)
            except kubernetes_validate.ValidationError as error:
                faults.append(f"{extra}: {error.message}")
            codes = {c for r in job["spec"]["podFailurePolicy"]["rules"] for c in r.get("onExitCodes", {}).get("values", [])}
            if codes != {1, 2, 3, 4, 5, 6, 130}:
                faults.append(f"{extra}: the contract names {sorted(codes)}")
    try:
        chart.render({}, name="shop", namespace="default")
        faults.append("the chart renders without an image")
    except Exception as error:  # the library has its own kinds
        if "image.repository is needed" not in str(error):
            faults.append(f"without an image the chart says: {error}")


def check_compose():
    path = ROOT / "packaging/docker/compose.yaml"
    compose = yaml.safe_load(path.read_text())
    services, volumes = compose["services"], compose["volumes"]
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            if needed not in services:
                faults.append(f"compose: {name} depends on {needed}, which is not there")
            elif "healthcheck" not in services[needed]:
                faults.append(f"compose: {name} waits for {needed}, which has no health check")
        for mount in service.get("volumes", []):
            if mount.split(":")[0] not in volumes:
                faults.append(f"compose: {name} mounts {mount}, which is no volume")
        build = service.get("build")
        if build and not (path.parent / build["dockerfile"]).is_file():
            faults.append(f"compose: {name} is built from {build['dockerfile']}, which is not there")


def check_versions():
    version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    action = yaml.safe_load((ROOT / "packaging/action/action.yml").read_text())
    image = re.search(r"underpin:(\S+) /", (ROOT / "packaging/docker/app.Dockerfile").read_text())[1]
    for name, said in [
        ("Chart.yaml", chart["appVersion"]),
        ("action.yml", action["inputs"]["version"]["default"]),
        ("app.Dockerfile", image),
    ]:
        if said != version:
            faults.append(f"{name} has version {said}, Cargo.toml {version}")


check_chart()
check_compose()
check_versions()
for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)
