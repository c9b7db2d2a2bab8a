# One image for every hostledger command; docker-compose.yml says which one runs where.
# The first stage has a compiler, for packages without a wheel, and installs each package by its hash; the second is
# slim and has neither compiler nor pip nor setuptools.

FROM python:3.13.14-trixie AS build
WORKDIR /source
COPY requirements.lock ./
RUN python -m venv /opt/hostledger \
    && /opt/hostledger/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY analytics analytics
COPY streams streams
COPY dashboards dashboards
COPY hostledger hostledger
RUN /opt/hostledger/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/hostledger/bin/pip uninstall --yes setuptools pip

FROM python:3.13.14-slim-trixie
RUN python -m pip uninstall --yes --root-user-action ignore pip \
    && groupadd --gid 10001 hostledger \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin hostledger \
    && install -d -o hostledger -g hostledger -m 0700 /var/lib/hostledger /var/lib/hostledger/keys
COPY --from=build /opt/hostledger /opt/hostledger
ENV PATH=/opt/hostledger/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/hostledger
ENTRYPOINT ["hostledger"]
CMD ["--help"]
